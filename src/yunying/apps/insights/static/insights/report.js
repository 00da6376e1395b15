// The report builder made handier: undo and redo, rows dragged by mouse, what to change said at its field.
// Everything works without it: every edit is an address, and every row has buttons to move it.
(function () {
  "use strict";
  const KEY = "yunying-undo:" + location.pathname;

  // Undo goes back along the addresses of this visit; the browser's own history is the memory of what they were.
  function trail() {
    try { return JSON.parse(sessionStorage.getItem(KEY)) || { at: 0, urls: [] }; } catch (_error) { return { at: 0, urls: [] }; }
  }
  function keep(state) {
    try { sessionStorage.setItem(KEY, JSON.stringify(state)); } catch (_error) { /* without memory there is no undo */ }
    show();
  }
  function show() {
    const box = document.querySelector("[data-ins-undo]"), state = trail();
    if (!box) return;
    box.hidden = state.urls.length < 2;
    box.querySelector("[data-ins-back]").disabled = state.at < 1;
    box.querySelector("[data-ins-forward]").disabled = state.at >= state.urls.length - 1;
  }
  function here() { return location.pathname + location.search; }
  function arrived(event) {
    const state = trail(), url = here();
    if (state.urls[state.at] === url) { show(); return; }
    const moved = performance.getEntriesByType("navigation")[0];
    const returned = event.persisted || (moved && moved.type !== "navigate");
    const found = returned ? [state.at - 1, state.at + 1].find(function (i) { return state.urls[i] === url; }) : undefined;
    keep(found === undefined ? { at: 0, urls: [url] } : { at: found, urls: state.urls });
  }
  function stepped(by) {
    const state = trail();
    if (!state.urls[state.at + by]) return;
    history.go(by);
  }
  document.addEventListener("htmx:pushedIntoHistory", function () {
    const state = trail(), url = here();
    if (state.urls[state.at] === url) { show(); return; }
    const urls = state.urls.slice(0, state.at + 1).slice(-60);
    keep({ at: urls.length, urls: urls.concat([url]) });
  });
  window.addEventListener("pageshow", arrived);
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-ins-back]")) stepped(-1);
    if (event.target.closest("[data-ins-forward]")) stepped(1);
  });
  document.addEventListener("keydown", function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    stepped(key === "y" || event.shiftKey ? 1 : -1);
  });

  // A button sends all that was typed, so the answer to the typing alone, which comes due a moment later, must not
  // take its place.
  let building = 0;
  function isBuilding(event) { return event.detail.target && event.detail.target.id === "report-work"; }
  document.addEventListener("htmx:beforeRequest", function (event) { if (isBuilding(event)) building += 1; });
  document.addEventListener("htmx:afterRequest", function (event) { if (isBuilding(event)) building = Math.max(0, building - 1); });
  document.addEventListener("htmx:confirm", function (event) {
    if (building && event.target.id === "report-form" && !isBuilding(event)) event.preventDefault();
  });

  // Parts that were opened stay open when the builder is drawn anew.
  let open = [];
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target.id !== "report-work") return;
    open = Array.from(event.detail.target.querySelectorAll("details[id][open]")).map(function (one) { return one.id; });
  });
  document.addEventListener("htmx:afterSwap", function () {
    open.forEach(function (id) { const one = document.getElementById(id); if (one && !one.open) one.open = true; });
    open = [];
    ready();
  });

  // The name and description somebody typed to keep an answer under outlive the next answer, and a mistake in between.
  const typed = {};
  function words() { return document.querySelectorAll("#report-result form[method=post] :is(input:not([type=hidden]), textarea)"); }
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!event.detail.target.matches("#report-work, #report-result")) return;
    words().forEach(function (field) { typed[field.name] = field.value; });
  });
  document.addEventListener("htmx:afterSwap", function () {
    words().forEach(function (field) { if (field.name in typed) field.value = typed[field.name]; });
  });

  // The keyboard goes with the row that a button moves, and on to the first field of one that it adds.
  let pressed = null;
  document.addEventListener("htmx:beforeRequest", function (event) {
    const button = event.detail.elt;
    if (isBuilding(event)) pressed = button.name === "do" && button === document.activeElement ? /^(up|down|add)-(.*?)(\d*)$/.exec(button.value) : null;
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (!pressed || event.detail.target.id !== "report-work") return;
    const next = pressed[1] === "add" ? firstField(pressed[2] + pressed[3]) : mover(pressed[1], pressed[2], Number(pressed[3]));
    pressed = null;
    if (next) next.focus();
  });
  function mover(verb, list, number) {
    const place = list + (verb === "up" ? number - 1 : number + 1), other = verb === "up" ? "down" : "up";
    return [verb, other].map(function (one) { return document.getElementById("do-" + one + "-" + place); }).find(function (one) { return one && !one.disabled; });
  }
  function firstField(list) {
    const start = list.replaceAll(".", "-");
    const fields = Array.from(document.querySelectorAll("#report-form input:not([type=hidden]), #report-form select"));
    const rows = fields.map(function (one) { return one.id.startsWith(start) ? parseInt(one.id.slice(start.length), 10) : NaN; });
    const last = Math.max.apply(null, rows.filter(function (one) { return !isNaN(one); }));
    return fields[rows.indexOf(last)];
  }

  // What to change is said at the field as well, until the next answer.
  function said() {
    document.querySelectorAll(".ins-wrong").forEach(function (one) { one.remove(); });
    document.querySelectorAll("[data-ins-invalid]").forEach(function (field) {
      field.classList.remove("is-invalid");
      field.removeAttribute("aria-invalid"); field.removeAttribute("aria-describedby"); field.removeAttribute("data-ins-invalid");
    });
    const problem = document.getElementById("report-problem");
    const field = problem && problem.dataset.insField && document.getElementById(problem.dataset.insField);
    const goto = problem && problem.querySelector("[data-ins-goto]");
    if (goto) goto.hidden = !field;
    if (!field) return;
    const text = document.createElement("div");
    text.className = "ins-wrong invalid-feedback";
    text.id = "ins-wrong";
    text.textContent = problem.querySelector("[data-ins-detail]").textContent;
    const place = field.closest(".ins-row-head, .ins-filter-head, .ins-values, .ins-inline, .ins-range, .ins-pair") || field;
    place.after(text);
    field.setAttribute("data-ins-invalid", "");
    if (field.matches("input, select, textarea")) {
      field.classList.add("is-invalid");
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", "ins-wrong");
    }
  }
  document.addEventListener("click", function (event) {
    const link = event.target.closest("[data-ins-goto]");
    const field = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!field) return;
    event.preventDefault();
    const change = document.getElementById("report-change");
    if (change) change.open = true;
    for (let one = field.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
    field.focus();
  });

  // Rows move where they are dropped; the buttons beside them do the same by keyboard.
  let dragged = null;
  function rowOf(node) { return node.closest && node.closest("[data-ins-row]"); }
  function indexOf(row) { return Array.from(row.parentElement.children).indexOf(row); }
  function unmark() { document.querySelectorAll(".ins-over").forEach(function (one) { one.classList.remove("ins-over", "ins-after"); }); }
  document.addEventListener("mousedown", function (event) {
    const grip = event.target.closest(".ins-grip");
    if (grip) rowOf(grip).draggable = true;
  });
  document.addEventListener("mouseup", function () {
    document.querySelectorAll("[data-ins-row][draggable]").forEach(function (row) { row.removeAttribute("draggable"); });
  });
  document.addEventListener("dragstart", function (event) {
    dragged = event.target.matches && event.target.matches("[data-ins-row][draggable]") ? event.target : null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.insRow);
    dragged.classList.add("ins-dragged");
  });
  document.addEventListener("dragover", function (event) {
    const over = dragged && rowOf(event.target);
    if (!over || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    unmark();
    if (over === dragged) return;
    over.classList.add("ins-over");
    over.classList.toggle("ins-after", indexOf(over) > indexOf(dragged));
  });
  document.addEventListener("drop", function (event) {
    const over = dragged && rowOf(event.target);
    if (!over || over === dragged || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    change("move-" + dragged.dataset.insRow + "-" + indexOf(over));
  });
  document.addEventListener("dragend", function () {
    unmark();
    if (dragged) { dragged.classList.remove("ins-dragged"); dragged.removeAttribute("draggable"); }
    dragged = null;
  });
  function change(action) {
    const form = document.getElementById("report-form");
    const values = Object.fromEntries([["do", action]]);
    window.htmx.ajax("GET", form.getAttribute("action"), { source: form, target: "#report-work", swap: "outerHTML", values: values });
  }

  function ready() { show(); said(); }
  ready();
})();
