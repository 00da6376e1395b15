// Moving and resizing tiles, by mouse, touch and keyboard. Tiles rise as far as they can; the server does the same
// (dashboards/grid.py). Places are classes, so that no style is written into the page.
(function () {
  "use strict";
  const grid = document.getElementById("dash-grid");
  const form = document.getElementById("dash-arrange");
  if (!grid || !form) return;
  const COLUMNS = 12, LOWEST = 1, HIGHEST = 20;
  const said = document.getElementById("dash-said");
  let unsaved = false;

  function place(tile) {
    const d = tile.dataset;
    return { tile: tile, id: Number(d.id), x: Number(d.x), y: Number(d.y), w: Number(d.w), h: Number(d.h) };
  }
  function all() { return Array.from(grid.querySelectorAll(".db-tile")).map(place); }
  function clamp(value, low, high) { return Math.min(Math.max(value, low), high); }

  function pack(places, first) {
    const done = [];
    places.sort(function (a, b) { return a.y - b.y || (b.id === first) - (a.id === first) || a.x - b.x; });
    places.forEach(function (one) {
      let y = 0;
      while (done.some(function (o) { return o.x < one.x + one.w && one.x < o.x + o.w && o.y < y + one.h && y < o.y + o.h; })) y += 1;
      one.y = y;
      done.push(one);
    });
    return done.sort(function (a, b) { return a.y - b.y || a.x - b.x; });
  }

  function show(places) {
    places.forEach(function (one) {
      const list = one.tile.classList;
      Array.from(list).forEach(function (name) { if (/^db-[xwh]\d+$/.test(name)) list.remove(name); });
      list.add("db-x" + one.x, "db-w" + one.w, "db-h" + one.h);
      Object.assign(one.tile.dataset, { x: one.x, y: one.y, w: one.w, h: one.h });
    });
    // The order in the document is the order in which the grid fills and in which one reads.
    const focused = document.activeElement;
    places.forEach(function (one, index) {
      if (grid.children[index] !== one.tile) grid.insertBefore(one.tile, grid.children[index] || null);
    });
    if (focused && focused !== document.activeElement) focused.focus({ preventScroll: true });
    form.elements.places.value = JSON.stringify(places.map(function (one) { return { id: one.id, x: one.x, y: one.y, w: one.w, h: one.h }; }));
    form.querySelector("button").hidden = false;
    unsaved = true;
  }
  form.addEventListener("submit", function () { unsaved = false; });
  // The browser asks in its own words whether to leave what was arranged.
  window.addEventListener("beforeunload", function (event) { if (unsaved) event.preventDefault(); });

  function change(tile, want, from) {
    const places = (from || all()).map(function (one) { return Object.assign({}, one); });
    const mine = places.find(function (one) { return one.tile === tile; });
    Object.assign(mine, want);
    mine.w = clamp(mine.w, 1, COLUMNS);
    mine.h = clamp(mine.h, LOWEST, HIGHEST);
    mine.x = clamp(mine.x, 0, COLUMNS - mine.w);
    mine.y = Math.max(mine.y, 0);
    show(pack(places, mine.id));
    said.textContent = [mine.x + 1, mine.y + 1, mine.w + "×" + mine.h].join(" · ");
  }

  function cell() {
    const style = getComputedStyle(grid), gap = parseFloat(style.columnGap) || 0;
    const columns = style.gridTemplateColumns.split(" ").length;
    return { w: (grid.clientWidth + gap) / columns, h: parseFloat(style.gridAutoRows) + gap, columns: columns };
  }

  // A neighbour gives way once half of it is passed; until then the tile would rise back to where it was.
  function aimed(start, x, y, from) {
    const over = from.filter(function (one) { return one.id !== start.id && one.x < x + start.w && x < one.x + one.w; });
    const passed = over.filter(function (one) {
      return y < start.y ? one.y < start.y && y <= one.y + one.h / 2 : one.y >= start.y + start.h && y + start.h >= one.y + one.h / 2;
    }).map(function (one) { return one.y; });
    if (!passed.length || y === start.y) return y;
    return y < start.y ? Math.min.apply(null, passed) : Math.max.apply(null, passed) + 1;
  }

  function drag(event, tile, resizing) {
    const from = all(), unit = cell(), start = place(tile), fromX = event.clientX, fromY = event.clientY, scroll = window.scrollY;
    if (unit.columns < COLUMNS) return;
    event.preventDefault();
    tile.classList.add("db-moving");
    let seen = "";
    function move(now) {
      const dx = Math.round((now.clientX - fromX) / unit.w), dy = Math.round((now.clientY - fromY + window.scrollY - scroll) / unit.h);
      if (seen === dx + "," + dy) return;
      seen = dx + "," + dy;
      if (resizing) { change(tile, { w: Math.min(start.w + dx, COLUMNS - start.x), h: start.h + dy }, from); return; }
      const x = clamp(start.x + dx, 0, COLUMNS - start.w);
      change(tile, { x: x, y: aimed(start, x, start.y + dy, from) }, from);
    }
    function end() {
      tile.classList.remove("db-moving");
      document.removeEventListener("pointermove", move);
      document.removeEventListener("pointerup", end);
      document.removeEventListener("pointercancel", end);
    }
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", end);
  }

  grid.addEventListener("pointerdown", function (event) {
    const tile = event.target.closest(".db-tile");
    if (tile && event.target.closest(".db-grip")) drag(event, tile, false);
    else if (tile && event.target.closest(".db-corner")) drag(event, tile, true);
  });

  grid.addEventListener("keydown", function (event) {
    const grip = event.target.closest(".db-grip");
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!grip || !by) return;
    event.preventDefault();
    const tile = grip.closest(".db-tile"), now = place(tile);
    if (event.shiftKey) { change(tile, { w: Math.min(now.w + by[0], COLUMNS - now.x), h: now.h + by[1] }); return; }
    // Upwards over the neighbour above, downwards below the one that lies there, else the tile would rise again.
    const over = all().filter(function (one) { return one.tile !== tile && one.x < now.x + now.w && now.x < one.x + one.w; });
    if (by[1] < 0) {
      const above = over.filter(function (one) { return one.y < now.y; }).sort(function (a, b) { return b.y - a.y; })[0];
      change(tile, { y: above ? above.y : 0 });
    } else if (by[1] > 0) {
      const below = over.filter(function (one) { return one.y >= now.y + now.h; }).sort(function (a, b) { return a.y - b.y; })[0];
      if (below) change(tile, { y: below.y + 1 });
    } else change(tile, { x: now.x + by[0] });
  });
})();
