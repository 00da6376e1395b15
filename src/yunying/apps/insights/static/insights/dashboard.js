// An open dashboard asks from time to time which tiles may show something new, and reads only those, one after another.
// Nothing is asked while the page is hidden, and never twice at once. Full screen is the browser's own.
(function () {
  "use strict";
  let timer = 0, busy = false, last = Date.now();

  function work() { return document.getElementById("dash-work"); }
  function everyMs() { return Number(work() ? work().dataset.dbRefresh : 0) * 60000; }

  function read(body) {
    return window.htmx.ajax("GET", body.dataset.dbUrl, { target: body, swap: "outerHTML" });
  }

  async function look() {
    const bodies = Array.from(document.querySelectorAll(".db-body[data-db-stamp]"));
    const have = bodies.map(function (body) { return body.id.split("-")[1] + "." + body.dataset.dbStamp; }).join(",");
    const address = work().dataset.dbChanged;
    const answer = await fetch(address + (address.includes("?") ? "&" : "?") + "have=" + encodeURIComponent(have), { headers: { "Accept": "application/json" } });
    if (answer.status !== 200) return;
    const changed = (await answer.json()).changed;
    for (const id of changed) {
      const body = document.getElementById("tile-" + id + "-body");
      if (body) await read(body);
    }
  }

  function plan() {
    clearTimeout(timer);
    const ms = everyMs();
    if (!ms || document.hidden || busy) return;
    timer = setTimeout(turn, Math.max(0, last + ms - Date.now()));
  }

  async function turn() {
    if (busy || document.hidden || !work()) return;
    busy = true;
    try { await look(); } catch (error) { /* The network is away: the next turn tries again. */ }
    busy = false;
    last = Date.now();
    plan();
  }

  // A tile that is swapped away is waited for no longer: the filter bar changed, and its answer would be of no use.
  document.addEventListener("htmx:beforeCleanupElement", function (event) {
    const gone = event.detail.elt;
    if (gone.matches && gone.matches(".db-body.htmx-request")) window.htmx.trigger(gone, "htmx:abort");
  });
  document.addEventListener("visibilitychange", plan);
  document.addEventListener("htmx:afterSettle", function (event) { if (event.target.id === "dash-work") plan(); });

  const button = document.querySelector("[data-db-fullscreen]");
  if (button && document.fullscreenEnabled) {
    button.hidden = false;
    button.addEventListener("click", function () { document.documentElement.requestFullscreen(); });
    document.addEventListener("fullscreenchange", function () { button.hidden = Boolean(document.fullscreenElement); });
  }
  plan();
})();
