// The frame: drop-down menus, the menu on phones and its narrow form, the palette, messages. All works without it,
// only less comfortably.
(function () {
  "use strict";
  const body = document.body;

  // Drop-downs are <details>; one is open at a time, Escape and a click elsewhere close it.
  function closeDrops(except) {
    document.querySelectorAll("details.yy-drop[open]").forEach(function (drop) {
      if (drop !== except) drop.open = false;
    });
  }
  document.addEventListener("click", function (event) {
    const item = event.target.closest(".yy-drop-item");
    closeDrops(item ? null : event.target.closest("details.yy-drop"));
    const dismiss = event.target.closest("[data-yy-dismiss]");
    if (dismiss) dismiss.closest(".alert").remove();
  });
  // What opens near an edge of the window is moved inside of it.
  document.addEventListener("toggle", function (event) {
    const drop = event.target;
    if (!drop.open || !drop.matches("details.yy-drop")) return;
    drop.style.removeProperty("--yy-shift");
    const box = drop.querySelector(".yy-drop-body").getBoundingClientRect(), room = body.getBoundingClientRect().right - 8;
    const shift = box.right > room ? Math.max(room - box.right, 8 - box.left) : box.left < 8 ? 8 - box.left : 0;
    if (shift) drop.style.setProperty("--yy-shift", Math.round(shift) + "px");
  }, true);
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.yy-drop[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    } else if (location.hash === "#menu") {
      location.hash = "";
      document.querySelector(".yy-menu-open").focus();
    }
  });

  const collapse = document.querySelector("[data-yy-collapse]");
  if (collapse) {
    collapse.addEventListener("click", function () {
      const narrow = body.classList.toggle("yy-narrow");
      collapse.setAttribute("aria-pressed", String(narrow));
      document.cookie = "yunying_menu=" + (narrow ? "narrow" : "wide") + ";path=/;max-age=31536000;samesite=lax";
      window.dispatchEvent(new Event("resize"));
    });
  }

  // A new product most often lives where its owner does.
  document.querySelectorAll("input[data-yy-timezone]").forEach(function (field) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && zone.includes("/") && field.value === field.defaultValue) field.value = zone;
  });

  // Forms that apply themselves when something in them changes; without JavaScript their button does.
  document.addEventListener("change", function (event) {
    const form = event.target.closest("form[data-yy-auto]");
    // Typing is not a choice: a text field sends with Enter or by htmx, and reports a change when it is swapped away.
    if (form && form.isConnected && !event.target.matches("input[type=search], input[type=text], textarea")) form.requestSubmit();
  });
  // A form that asks by itself when something in it changes does not press the button that has the focus by then.
  document.addEventListener("htmx:configRequest", function (event) {
    const form = event.detail.elt, why = event.detail.triggeringEvent, button = document.activeElement;
    if (!why || why.type === "submit" || !form.matches("form") || !button || !button.matches("button")) return;
    if (button.form === form && button.name) delete event.detail.parameters[button.name];
  });
  // A destructive button asks first; the question comes from the page, in the reader's language.
  document.addEventListener("submit", function (event) {
    const question = (event.submitter && event.submitter.dataset.yyConfirm) || event.target.dataset.yyConfirm;
    if (question && !window.confirm(question)) event.preventDefault();
  }, true);
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-yy-copy]");
    if (!button || !navigator.clipboard) return;
    const source = document.querySelector(button.dataset.yyCopy);
    navigator.clipboard.writeText("value" in source ? source.value : source.textContent.trim()).then(function () {
      button.classList.add("yy-copied");
      setTimeout(function () { button.classList.remove("yy-copied"); }, 1500);
    });
  });

  // Palette.
  const palette = document.getElementById("yy-palette");
  if (palette) {
    const input = palette.querySelector("input[type=search]");
    const list = document.getElementById("yy-palette-list");
    let chosen = -1;
    function items() { return Array.from(list.querySelectorAll("[role=option]")); }
    function choose(index) {
      const all = items();
      if (!all.length) { input.removeAttribute("aria-activedescendant"); return; }
      chosen = (index + all.length) % all.length;
      all.forEach(function (item, i) { item.setAttribute("aria-selected", String(i === chosen)); });
      input.setAttribute("aria-activedescendant", all[chosen].id);
      all[chosen].scrollIntoView({ block: "nearest" });
    }
    function open() {
      if (palette.open) return;
      closeDrops();
      palette.showModal();
      input.select();
      input.dispatchEvent(new CustomEvent("yy:open"));
    }
    document.addEventListener("click", function (event) {
      if (event.target.closest("[data-yy-palette]")) { event.preventDefault(); open(); }
      if (event.target === palette) palette.close();
    });
    document.addEventListener("keydown", function (event) {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        if (palette.open) palette.close(); else open();
      }
    });
    palette.addEventListener("keydown", function (event) {
      // A search field would take the first Escape to empty itself.
      if (event.key === "Escape") { event.preventDefault(); palette.close(); }
      if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
      if (event.key === "Enter" && items()[chosen]) { event.preventDefault(); location.href = items()[chosen].href; }
    });
    palette.querySelector("form").addEventListener("submit", function (event) { event.preventDefault(); });
    list.addEventListener("htmx:afterSwap", function () { choose(0); });
  }

  // A button that removes itself with its row says where the keyboard goes on.
  let then = "";
  document.addEventListener("htmx:beforeRequest", function (event) { then = event.detail.elt.dataset.yyThen || then; });
  document.addEventListener("htmx:afterSettle", function () {
    const next = then && document.activeElement === body && document.getElementById(then);
    if (next) next.focus();
    then = "";
  });

  // A thin line on top while htmx waits; an answer that never came is said aloud.
  const busy = document.getElementById("yy-busy");
  let waiting = 0;
  function wait(by) { waiting = Math.max(0, waiting + by); if (busy) busy.classList.toggle("yy-on", waiting > 0); }
  document.addEventListener("htmx:beforeRequest", function () { wait(1); });
  document.addEventListener("htmx:afterRequest", function () { wait(-1); });
  document.addEventListener("htmx:sendError", function () {
    const template = document.getElementById("yy-offline");
    const alerts = document.getElementById("alerts");
    if (template && alerts) alerts.replaceChildren(template.content.cloneNode(true));
  });
})();
