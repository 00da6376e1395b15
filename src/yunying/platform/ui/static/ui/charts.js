// Draws every [data-yy-chart] from the JSON beside it. Words and numbers come formatted from the server.
// ECharts is loaded when the first chart is seen. Nothing here writes a style attribute into markup: the content
// security policy would drop it, so tooltips are built from elements with classes.
(function () {
  "use strict";
  // Chosen to stay apart for the common forms of colour blindness; symbols, dashes and patterns say the same again.
  const LIGHT = ["#1d5fd1", "#d9730d", "#0b8a7a", "#a23fa8", "#7a6a00", "#c0392b", "#3a7ca5", "#5f6b7a", "#8a5a2b", "#4a8c2a"];
  const DARK = ["#6ea6ff", "#f5a04c", "#3fc7b3", "#d98be0", "#d3c04a", "#ff8f80", "#7fc1e6", "#aab4c4", "#d1a06b", "#93cf6f"];
  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "roundRect", "pin", "arrow"];
  const DASHES = ["solid", [6, 3], [2, 2], [10, 3, 2, 3], [8, 3, 2, 3, 2, 3]];
  const live = new Map();
  let loading = null;

  function library(url) {
    if (window.echarts) return Promise.resolve(window.echarts);
    loading = loading || new Promise(function (done, failed) {
      const script = document.createElement("script");
      script.src = url;
      script.onload = function () { done(window.echarts); };
      script.onerror = function () { loading = null; failed(new Error("echarts")); };
      document.head.append(script);
    });
    return loading;
  }

  function colours() {
    const css = getComputedStyle(document.body);
    const dark = document.documentElement.getAttribute("data-bs-theme") === "dark";
    const read = function (name) { return css.getPropertyValue(name).trim(); };
    return { dark: dark, series: dark ? DARK : LIGHT, ink: read("--yy-ink"), soft: read("--yy-soft"), line: read("--yy-line"), card: read("--yy-card"), font: css.fontFamily };
  }

  function axisText(unit) {
    const lang = document.documentElement.lang || "en";
    const plain = new Intl.NumberFormat(lang, { notation: "compact", maximumFractionDigits: 1 });
    const percent = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 1 });
    const money = unit.kind === "money" && unit.currency ? new Intl.NumberFormat(lang, { style: "currency", currency: unit.currency, currencyDisplay: "narrowSymbol", notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 }) : plain;
    const one = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
    return function (value) {
      if (unit.kind === "percent") return percent.format(value);
      if (unit.kind === "duration") return value >= 172800 ? one.format(value / 86400) + " d" : value >= 7200 ? one.format(value / 3600) + " h" : value >= 120 ? one.format(value / 60) + " min" : one.format(value) + " s";
      return money.format(value * unit.scale);
    };
  }

  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  // The colour mark is a small SVG: its fill is an attribute, which the policy allows.
  function mark(colour) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 10 10");
    svg.setAttribute("class", "yy-tip-mark");
    const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    dot.setAttribute("cx", "5"); dot.setAttribute("cy", "5"); dot.setAttribute("r", "5"); dot.setAttribute("fill", colour);
    svg.append(dot);
    return svg;
  }

  function tip(spec, index, colourOf, only) {
    const box = element("div", "yy-tip");
    const late = spec.partialFrom !== null && index >= spec.partialFrom;
    box.append(element("div", "yy-tip-head", spec.labels[index] + (late ? " (" + spec.words.partial + ")" : "")));
    let linked = false;
    spec.series.forEach(function (series, s) {
      if (only !== undefined && only !== s) return;
      if (series.values[index] === null && only === undefined && spec.series.length > 1) return;
      const row = element("div", "yy-tip-row");
      row.append(mark(colourOf(s)), element("span", "yy-tip-name", series.name), element("strong", "", series.texts[index]));
      box.append(row);
      linked = linked || Boolean(series.links[index]);
    });
    spec.annotations.forEach(function (note) {
      if (note.index <= index && index <= note.until) box.append(element("div", "yy-tip-note", "⚑ " + note.label));
    });
    if (linked) box.append(element("div", "yy-tip-hint", spec.words.behind));
    return box;
  }

  // A comparison wears the colour of what it is compared with.
  function owners(spec) {
    let next = 0;
    const own = spec.series.map(function (series) { return series.compareTo ? -1 : next++; });
    return spec.series.map(function (series, s) {
      if (own[s] >= 0) return own[s];
      const of = spec.series.findIndex(function (other) { return other.name === series.compareTo; });
      return of >= 0 ? own[of] : next;
    });
  }

  function faded(colour, alpha) {
    const n = parseInt(colour.slice(1), 16);
    return "rgba(" + (n >> 16) + "," + ((n >> 8) & 255) + "," + (n & 255) + "," + alpha + ")";
  }

  function marks(spec, look) {
    const found = {};
    if (spec.target) {
      found.markLine = {
        silent: true, symbol: "none", animation: false,
        data: [{ yAxis: spec.target.value }],
        lineStyle: { color: look.soft, type: [4, 4], width: 1.5 },
        label: { formatter: spec.target.label + " " + spec.target.text, position: "insideStartTop", color: look.soft, fontFamily: look.font, fontSize: 11 },
      };
    }
    if (spec.annotations.length) {
      found.markLine = found.markLine || { symbol: "none", animation: false, data: [] };
      found.markLine.silent = true;
      spec.annotations.forEach(function (note) {
        found.markLine.data.push({
          xAxis: note.index, lineStyle: { color: look.soft, type: "solid", width: 1, opacity: 0.6 },
          label: { formatter: "⚑", position: "end", color: look.soft, fontSize: 12, distance: 2 },
        });
      });
      const spans = spec.annotations.filter(function (note) { return note.until > note.index; });
      if (spans.length) {
        found.markArea = {
          silent: true, animation: false, itemStyle: { color: look.soft, opacity: 0.09 },
          data: spans.map(function (note) { return [{ xAxis: note.index }, { xAxis: note.until }]; }),
        };
      }
    }
    return found;
  }

  // A line needs two neighbours: a value between two gaps is drawn as a point, however many values there are.
  function alone(data) {
    return data.map(function (v, i) { return v !== null && (data[i - 1] ?? null) === null && (data[i + 1] ?? null) === null; });
  }

  function lines(spec, look, owner, width) {
    const result = [], few = spec.labels.length <= Math.min(31, width / 24);
    spec.series.forEach(function (series, s) {
      const colour = look.series[owner[s] % look.series.length];
      const late = series.compareTo ? null : spec.partialFrom;
      const base = {
        name: series.name, type: "line", data: series.values.map(function (v, i) { return late !== null && i >= late ? null : v; }),
        symbol: SYMBOLS[owner[s] % SYMBOLS.length], symbolSize: 6, showSymbol: few, showAllSymbol: true, connectNulls: false,
        color: series.compareTo ? faded(colour, 0.55) : colour,
        lineStyle: { width: series.compareTo ? 1.5 : 2, type: series.compareTo ? [4, 4] : DASHES[Math.floor(owner[s] / look.series.length) % DASHES.length] },
        emphasis: { focus: spec.series.length > 3 ? "series" : "none" }, z: series.compareTo ? 2 : 3, cursor: series.links.length ? "pointer" : "default",
      };
      const single = alone(base.data);
      if (!few && single.includes(true)) Object.assign(base, { showSymbol: true, symbolSize: function (_value, params) { return single[params.dataIndex] ? 6 : 0; } });
      if (spec.kind === "area") {
        base.areaStyle = { opacity: series.compareTo ? 0 : 0.12 };
      }
      result.push(base);
      if (late !== null && late < spec.labels.length) {
        // The period that is not over: joined to the last whole one, dashed.
        result.push(Object.assign({}, base, {
          data: series.values.map(function (v, i) { return i >= late - 1 ? v : null; }),
          lineStyle: { width: 2, type: [3, 4], color: colour }, areaStyle: undefined, itemStyle: { color: look.card, borderColor: colour, borderWidth: 1.5 }, showSymbol: true, symbolSize: 6, yyOf: s,
        }));
      }
    });
    return result;
  }

  function bars(spec, look, owner) {
    return spec.series.map(function (series, s) {
      const colour = series.pale ? look.soft : look.series[owner[s] % look.series.length];
      return {
        name: series.name, type: "bar", stack: spec.kind === "stacked" && !series.compareTo ? "all" : undefined, barMaxWidth: 42, barGap: "12%", barCategoryGap: "30%",
        color: series.compareTo ? faded(colour, 0.45) : series.pale ? faded(colour, 0.35) : colour, cursor: series.links.length ? "pointer" : "default",
        data: series.values.map(function (v, i) {
          const late = spec.partialFrom !== null && i >= spec.partialFrom && !series.compareTo;
          return late ? { value: v, itemStyle: { color: faded(colour, 0.3), borderColor: colour, borderType: [4, 3], borderWidth: 1.5 } } : v;
        }),
        itemStyle: { borderRadius: spec.kind === "stacked" ? 0 : [3, 3, 0, 0] },
      };
    });
  }

  // How far the true value may lie from the drawn one: a band around a line, a whisker at a bar.
  function bounds(spec, look, owner, barred) {
    const result = [];
    spec.series.forEach(function (series, s) {
      if (!series.low.length || !series.high.length || (!barred && spec.series.length > 3)) return;
      const colour = look.series[owner[s] % look.series.length];
      const quiet = { name: series.name, silent: true, tooltip: { show: false }, legendHoverLink: false, z: 1 };
      if (barred) {
        result.push(Object.assign({}, quiet, {
          type: "custom", z: 4, color: colour, data: spec.labels.map(function (_label, i) { return [i, series.low[i], series.high[i]]; }),
          renderItem: function (_params, api) {
            if (api.value(1) === null || isNaN(api.value(1)) || isNaN(api.value(2))) return;
            const stacked = spec.kind === "stacked";
            const place = api.barLayout({ barGap: "12%", barCategoryGap: "30%", barMaxWidth: 42, count: stacked ? 1 : spec.series.length })[stacked ? 0 : s];
            const low = api.coord([api.value(0), api.value(1)]), high = api.coord([api.value(0), api.value(2)]);
            const x = low[0] + place.offsetCenter, half = Math.min(6, place.width / 4), style = { stroke: look.ink, lineWidth: 1.25, fill: "none" };
            return { type: "path", shape: { pathData: "M" + (x - half) + " " + high[1] + "h" + 2 * half + "M" + x + " " + high[1] + "V" + low[1] + "M" + (x - half) + " " + low[1] + "h" + 2 * half }, style: style };
          },
        }));
        return;
      }
      const base = Object.assign({ type: "line", symbol: "none", stack: "yy-band-" + s, stackStrategy: "all", lineStyle: { opacity: 0 }, color: colour, cursor: "default" }, quiet);
      result.push(Object.assign({}, base, { data: series.low }));
      result.push(Object.assign({}, base, {
        data: series.high.map(function (high, i) { return high === null || series.low[i] === null ? null : high - series.low[i]; }), areaStyle: { color: colour, opacity: look.dark ? 0.22 : 0.14 },
      }));
    });
    return result;
  }

  // Only slices with room beside them are labelled; the small ones are told by the legend, the tip and the table.
  function slices(spec, look) {
    const values = spec.series[0], whole = values.values.reduce(function (sum, value) { return sum + (value || 0); }, 0);
    return [{
      type: "pie", radius: spec.kind === "donut" ? ["50%", "76%"] : "76%", center: ["50%", "46%"], minAngle: 2,
      data: spec.labels.map(function (label, i) {
        const labelled = { show: values.values[i] >= whole * 0.05 };
        return { name: label, value: values.values[i], label: labelled, labelLine: labelled };
      }),
      itemStyle: { borderColor: look.card, borderWidth: 2 }, label: { color: look.soft, fontFamily: look.font }, labelLayout: { hideOverlap: true },
      labelLine: { lineStyle: { color: look.line } }, cursor: values.links.length ? "pointer" : "default",
    }];
  }

  // People and events come whole: no line of the grid stands for a third of one.
  function whole(spec) {
    return spec.unit.scale === 1 && spec.series.every(function (series) { return series.values.every(function (v) { return v === null || Number.isInteger(v); }); });
  }

  // A few names under bars are all shown: in lines where their words fit, else aslant. Many labels leave some out; under
  // lines every so many stand, by what the first takes, which begins at its point, and half of the next.
  function named(spec, width) {
    const each = Math.floor((width - 62) / spec.labels.length) - 4, barred = spec.kind === "bar" || spec.kind === "stacked";
    if (!barred) {
      const longest = Math.max.apply(null, spec.labels.map(across).concat(1)), apart = (width - 62) / Math.max(1, spec.labels.length - 1);
      return { interval: Math.max(1, Math.ceil((longest * 1.5 + 14) / apart)) - 1, hideOverlap: true, width: null, rotate: 0 };
    }
    if (spec.labels.length > 12 || each < 44) return { interval: "auto", hideOverlap: true, width: null, rotate: 0 };
    const fit = spec.labels.every(function (label) { return label.includes("\n") || label.split(" ").every(function (word) { return across(word) <= each; }); });
    return { interval: 0, hideOverlap: false, width: fit ? each : 120, overflow: fit ? "break" : "truncate", rotate: fit ? 0 : 32 };
  }

  // About how many pixels a word takes in the letters of an axis.
  function across(word) { return Array.from(word).reduce(function (sum, char) { return sum + (char > "\u2e7f" ? 12 : 6.8); }, 0); }

  function options(spec, look, width) {
    const pie = spec.kind === "pie" || spec.kind === "donut";
    const barred = spec.kind === "bar" || spec.kind === "stacked";
    const owner = owners(spec);
    const colourOf = function (s) { return spec.series[s].pale ? look.soft : look.series[owner[s] % look.series.length]; };
    const text = { color: look.soft, fontFamily: look.font, fontSize: 11.5 };
    const many = pie || spec.series.length > 1;
    const option = {
      animationDuration: 250, color: look.series, textStyle: { fontFamily: look.font },
      aria: { enabled: true, label: { enabled: false }, decal: { show: many && (pie || spec.kind === "stacked"), decals: [
        { symbol: "none" }, { color: "rgba(255,255,255,.35)", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4 }, { color: "rgba(255,255,255,.4)", symbol: "circle", symbolSize: 0.6, dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0] },
        { color: "rgba(255,255,255,.35)", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4 }, { color: "rgba(255,255,255,.35)", dashArrayX: [1, 0], dashArrayY: [2, 4] }, { color: "rgba(255,255,255,.35)", symbol: "rect", symbolSize: 0.5, dashArrayX: [6, 6], dashArrayY: [6, 6] },
      ] } },
      tooltip: {
        trigger: pie ? "item" : "axis", confine: true, backgroundColor: look.card, borderColor: look.line, padding: 0, textStyle: { color: look.ink, fontFamily: look.font, fontSize: 13 },
        axisPointer: { type: barred ? "shadow" : "line", lineStyle: { color: look.soft, opacity: 0.5 }, shadowStyle: { opacity: 0.08 } },
        formatter: function (params) {
          if (!pie) return tip(spec, (Array.isArray(params) ? params[0] : params).dataIndex, colourOf);
          return tip(spec, params.dataIndex, function () { return params.color; }, 0);
        },
      },
      legend: { show: many, type: "scroll", bottom: 0, icon: barred || pie ? "roundRect" : undefined, itemWidth: 18, itemHeight: 9, itemGap: 16, textStyle: Object.assign({ lineHeight: 18 }, text), pageTextStyle: text, pageIconColor: look.soft, data: pie ? undefined : spec.series.map(function (s) { return s.name; }) },
    };
    if (pie) return Object.assign(option, { series: slices(spec, look) });
    const series = barred ? bars(spec, look, owner) : lines(spec, look, owner, width);
    series.push.apply(series, bounds(spec, look, owner, barred));
    if (series.length) Object.assign(series[0], marks(spec, look));
    // The first and the last label end where the lines do: around those points they would be cut off, or take a quarter of a phone's width.
    const ends = { showMinLabel: true, showMaxLabel: true, alignMinLabel: "left", alignMaxLabel: "right" };
    return Object.assign(option, {
      grid: { left: 4, right: 14, top: spec.annotations.length ? 24 : 14, bottom: many ? 34 : 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: { type: "category", data: spec.labels, boundaryGap: barred, axisLine: { lineStyle: { color: look.line } }, axisTick: { show: false }, axisLabel: Object.assign({ hideOverlap: true, lineHeight: 16 }, barred ? {} : ends, text, named(spec, width)) },
      yAxis: { type: "value", splitNumber: spec.unit.kind === "percent" ? 5 : 4, max: spec.unit.kind === "percent" && !spec.target ? function (v) { return v.max > 0.8 && v.max <= 1 ? 1 : null; } : spec.target ? function (v) { return v.max < spec.target.value ? spec.target.value * 1.08 : null; } : null, splitLine: { lineStyle: { color: look.line } }, axisLabel: Object.assign({ formatter: axisText(spec.unit) }, text), minInterval: spec.unit.kind === "number" && whole(spec) ? 1 : 0 },
      series: series,
    });
  }

  // Whether the reader wants notes is kept by the browser, for all charts at once.
  function wanted() {
    try { return localStorage.getItem("yy:notes") !== "off"; } catch (error) { return true; }
  }

  function drawn(spec) {
    return wanted() ? spec : Object.assign({}, spec, { annotations: [] });
  }

  function annotate(figure, state) {
    const on = wanted(), button = figure.querySelector("[data-yy-notes]");
    if (!button) return;
    button.setAttribute("aria-pressed", String(on));
    figure.classList.toggle("yy-no-notes", !on);
    if (state) state.chart.setOption(options(drawn(state.spec), colours(), state.chart.getWidth()), true);
  }

  function follow(spec, params) {
    const pie = spec.kind === "pie" || spec.kind === "donut";
    const index = pie ? 0 : spec.series.findIndex(function (s) { return s.name === params.seriesName; });
    const link = index >= 0 && spec.series[index].links[params.dataIndex];
    if (!link) return;
    if (spec.linkTarget && window.htmx) window.htmx.ajax("GET", link, { target: spec.linkTarget });
    else location.href = link;
  }

  // A saved picture has no list of notes beneath: it gets theirs as text, and the room for it.
  function inWords(figure, look, width) {
    const lines = wanted() ? Array.from(figure.querySelectorAll(".yy-chart-notes .yy-note"), function (one) { return one.textContent.replace(/\s+/g, " ").trim(); }) : [];
    const font = "11.5px " + look.font, room = width - 16, each = 17;
    const rows = lines.reduce(function (sum, line) { return sum + Math.ceil(window.echarts.format.getTextRect(line, font).width / room * 1.08); }, 0);
    return { height: rows ? rows * each + 8 : 0, drawn: { type: "text", left: 8, bottom: 4, silent: true, style: { text: lines.join("\n"), font: font, fill: look.soft, width: room, overflow: "break", lineHeight: each } } };
  }

  // Nobody can turn the pages of a saved picture: its legend shows all names, in as many lines as they take. How much higher that is.
  function unfold(option, look, width) {
    if (!option.legend.show) return 0;
    const names = option.legend.data || option.series[0].data.map(function (one) { return one.name; });
    const font = "11.5px " + look.font, each = 30;
    let rows = 1, left = width - 10;
    names.forEach(function (name) {
      const takes = window.echarts.format.getTextRect(name, font).width + 18 + 5 + 12;
      if (takes > left && left < width - 10) { rows += 1; left = width - 10; }
      left -= takes;
    });
    Object.assign(option.legend, { type: "plain", itemGap: 12 });
    if (option.grid) option.grid.bottom += (rows - 1) * each;
    return (rows - 1) * each;
  }

  function save(figure, kind) {
    const state = live.get(figure);
    if (!state) return;
    const look = colours();
    const option = Object.assign(options(drawn(state.spec), look, state.chart.getWidth()), { animation: false, backgroundColor: look.card, title: { text: state.spec.title, left: 4, top: 0, textStyle: { color: look.ink, fontFamily: look.font, fontSize: 14 } } });
    if (option.grid) option.grid.top = 46;
    const width = state.chart.getWidth(), told = inWords(figure, look, width);
    const height = state.chart.getHeight() + 40 + told.height + unfold(option, look, width);
    if (told.height) {
      if (option.grid) option.grid.bottom += told.height;
      option.legend.bottom += told.height;
      option.graphic = [told.drawn];
    }
    const link = element("a");
    if (kind === "svg") {
      const copy = window.echarts.init(null, null, { renderer: "svg", ssr: true, width: width, height: height });
      copy.setOption(option);
      link.href = URL.createObjectURL(new Blob([copy.renderToSVGString()], { type: "image/svg+xml" }));
      copy.dispose();
    } else {
      const place = element("div");
      const copy = window.echarts.init(place, null, { width: width, height: height, devicePixelRatio: 2 });
      copy.setOption(option);
      link.href = copy.getDataURL({ type: "png", pixelRatio: 2 });
      copy.dispose();
    }
    link.download = (state.spec.title.replace(/[\\/:*?"<>|\s]+/g, "-") || "chart") + "." + kind;
    link.click();
    if (kind === "svg") setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }

  function draw(figure) {
    const data = figure.querySelector("script[type='application/json']");
    const canvas = figure.querySelector(".yy-canvas");
    if (!data || !canvas || live.has(figure)) return;
    const spec = JSON.parse(data.textContent);
    live.set(figure, null);
    annotate(figure, null);
    library(figure.dataset.echarts).then(function (echarts) {
      figure.classList.add("yy-drawn");
      const chart = echarts.init(canvas, null, { renderer: "canvas" });
      chart.setOption(options(drawn(spec), colours(), chart.getWidth()));
      chart.on("click", function (params) { follow(spec, params); });
      const watcher = new ResizeObserver(function () {
        chart.resize();
        reachable(figure);
        if (spec.kind !== "pie" && spec.kind !== "donut") chart.setOption({ xAxis: { axisLabel: named(spec, chart.getWidth()) } });
      });
      watcher.observe(canvas);
      live.set(figure, { chart: chart, spec: spec, watcher: watcher });
    }).catch(function () { live.delete(figure); });  // The table stays; that is the answer without pictures.
  }

  // What scrolls must be in reach of the keyboard.
  function reachable(figure) {
    const notes = figure.querySelector(".yy-chart-notes");
    if (!notes) return;
    if (notes.scrollHeight > notes.clientHeight + 1) notes.tabIndex = 0; else notes.removeAttribute("tabindex");
  }

  function sweep() {
    live.forEach(function (state, figure) {
      if (figure.isConnected) return;
      if (state) { state.watcher.disconnect(); state.chart.dispose(); }
      live.delete(figure);
    });
  }

  function all(root) {
    sweep();
    if (root.matches && root.matches("[data-yy-chart]")) draw(root);
    root.querySelectorAll("[data-yy-chart]").forEach(draw);
  }

  document.addEventListener("click", function (event) {
    const figure = event.target.closest("[data-yy-chart]");
    if (!figure) return;
    const view = event.target.closest("[data-yy-view]");
    const picture = event.target.closest("[data-yy-save]");
    if (view) view.setAttribute("aria-pressed", String(figure.classList.toggle("yy-as-table")));
    if (event.target.closest("[data-yy-notes]")) {
      try { localStorage.setItem("yy:notes", wanted() ? "off" : "on"); } catch (error) { return; }
      live.forEach(function (state, one) { annotate(one, state); });
    }
    if (picture) save(figure, picture.dataset.yySave);
  });
  document.documentElement.addEventListener("yy:theme", function () {
    live.forEach(function (state) { if (state) state.chart.setOption(options(drawn(state.spec), colours(), state.chart.getWidth()), true); });
  });
  document.addEventListener("htmx:load", function (event) { all(event.detail.elt); });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", function () { all(document); });
  else all(document);
})();
