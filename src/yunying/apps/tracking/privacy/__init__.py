"""What a person may ask for: everything about them, or that nothing of them stays; and how long events are kept."""
