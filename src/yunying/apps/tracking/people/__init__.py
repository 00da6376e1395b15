"""People and accounts: finding them among very many, and what each of them did."""
