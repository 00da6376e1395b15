// Runs before the first paint, so that a page never flashes in the wrong theme.
(function () {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    const chosen = root.dataset.theme || "auto";
    root.setAttribute("data-bs-theme", chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen);
    root.dispatchEvent(new CustomEvent("yy:theme"));
  }
  root.classList.add("yy-js");
  dark.addEventListener("change", apply);
  apply();
})();
