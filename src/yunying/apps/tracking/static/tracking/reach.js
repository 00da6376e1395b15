// Tries out from the reader's own browser what browsers of visitors will do: reach the address that takes events.
(() => {
  let reached = null; // null: not known yet

  const show = () => {
    const line = document.querySelector("[data-live-reach]");
    if (!line || reached === null || reached === true) return;
    line.hidden = false;
    line.querySelector(reached === "other" ? "[data-live-other]" : "[data-live-blocked]").hidden = false;
  };

  const look = async () => {
    const line = document.querySelector("[data-live-reach]");
    if (!line) return;
    const host = line.dataset.liveReach;
    if (new URL(host, window.location.href).origin !== window.location.origin) {
      reached = "other"; // the page's own policy lets it ask nobody else
    } else {
      try {
        // Any answer will do; only what is stopped on the way throws.
        await fetch(`${host}/v1/events`, { cache: "no-store", credentials: "omit" });
        reached = true;
      } catch {
        reached = "blocked";
      }
    }
    show();
  };

  document.addEventListener("htmx:afterSwap", show);
  look();
})();
