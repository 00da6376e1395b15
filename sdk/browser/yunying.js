// Yunying for web pages: what it does, stores and sends is said in docs/user/sdks/yunying-js.md.
// No dependency, no eval, no inline style. Built into one small file by tools/vendor.py.
(() => {
  const VERSION = "1.0.0";
  const win = window;
  const doc = document;
  const nav = navigator;
  const waiting = win.yunying || [];
  if (waiting.version) return; // The script stands twice in the page.

  const tag = doc.currentScript;
  const SESSION_MS = 18e5;
  const YEAR_S = 31536000;
  // Browsers carry 64 KiB at most for a page that goes away, all requests together.
  const BATCH_BYTES = 6e4;
  const BATCH = 50;
  const IN_MEMORY = 1000;
  const IN_STORAGE = 200;
  const STORAGE_CHARS = 5e5;
  const FAULTS = 5;
  const NOBODY = /^(0|nan|ni?l|null|none|undefined|anonymous|guest|distinct_?id|user_?id|\[object object\]|[0-]*)$/i;
  // The same as CLICK_IDS of events/channels.py.
  const CLICK_IDS =
    /^(gclid|gbraid|wbraid|dclid|msclkid|fbclid|ttclid|twclid|li_fat_id|igshid|epik|rdt_cid|ScCid|yclid|bd_vid|qz_gdt|gdt_vid|clickid|qhclickid|sogou_click_id|xhs_click_id|kw_click_id|zhihu_click_id)$/;
  const FILES = /\.(7z|apk|csv|dmg|docx?|exe|gz|ipa|iso|mp[34]|msi|pdf|pkg|pptx?|rar|txt|xlsx?|zip)$/i;
  const CONTROLS = "a,button,summary,[role=button],input[type=submit],input[type=button]";
  const EDITABLE = "[data-yy-mask],[contenteditable],textarea,select";

  const options = {
    pageviews: true,
    leave: true,
    vitals: true,
    links: true,
    errors: false,
    autocapture: false,
    text: true,
    signals: true,
    consent: "granted",
    cookieless: "pending",
    delay: 1000,
  };
  let key;
  let endpoint;
  let cookie;
  let domain;
  let state = {}; // d: device, u: user, s: session, t: last event, a: account, c: purposes, once asked
  let purposes = null; // What was agreed to, by name; null: not asked yet.
  let held = []; // What waits for consent.
  let queue = []; // Events as JSON texts, the oldest first.
  let flying = []; // Those of `queue` whose answer is awaited.
  let most = BATCH;
  let failures = 0;
  let timer;

  const on = (target, type, listener) => target.addEventListener(type, listener, true);
  const has = (list, one) => list.includes(one);
  const now = () => Date.now();
  const size = (text) => new Blob([text]).size;
  const warn = (text) => options.debug && console.warn("yunying:", text);
  const uuid = () =>
    crypto.randomUUID
      ? crypto.randomUUID()
      : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
          (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16),
        );

  // ---- consent and what is stored -------------------------------------------------------------------------------

  const agrees = (purpose) => purposes && purposes[purpose];
  const granted = () => agrees("analytics");
  const parsed = (choice) => {
    if (choice && typeof choice === "object") return choice;
    const all = choice === "granted";
    return all || choice === "denied" ? { analytics: all, marketing: all } : null;
  };

  // At a page without TLS a secure cookie would not stay.
  const put = (name, value, age, at) => {
    doc.cookie =
      `${name}=${value};path=/;max-age=${age};samesite=lax` +
      (/^https/.test(location) ? ";secure" : "") +
      (at ? ";domain=" + at : "");
  };

  // The widest domain that takes a cookie is the one below the public suffix: only the browser has that list.
  const registrable = () => {
    const parts = location.hostname.split(".");
    for (let from = parts.length - 2; from >= 0 && !/^\d+$/.test(parts[parts.length - 1]); from--) {
      const name = parts.slice(from).join(".");
      put("yy_probe", 1, 9, name);
      const taken = /yy_probe=1/.test(doc.cookie);
      put("yy_probe", "", 0, name);
      if (taken) return name;
    }
    return "";
  };

  // Another tab may have signed in, signed out, agreed or refused since: this comes before every event.
  const recall = () => {
    try {
      const found = doc.cookie.match(`(?:^|; )${cookie}=([^;]*)`);
      if (found) state = Object(JSON.parse(decodeURIComponent(found[1])));
      if (state.c) purposes = state.c;
    } catch (e) {
      warn(e);
    }
  };

  const remember = () => {
    try {
      if (domain === undefined) domain = options.domain === undefined ? registrable() : options.domain || "";
      put(cookie, encodeURIComponent(JSON.stringify(state)), YEAR_S, domain);
    } catch (e) {
      warn(e);
    }
  };

  const touch = () => {
    const at = now();
    state.d = state.d || uuid();
    if (!state.s || at - state.t > SESSION_MS) state.s = uuid();
    state.t = at;
    remember();
  };

  const stored = () => {
    try {
      return [].concat(JSON.parse(localStorage[cookie] || "[]"));
    } catch (e) {
      return [];
    }
  };

  const store = (texts) => {
    try {
      let room = STORAGE_CHARS;
      const kept = texts.slice(-IN_STORAGE).filter((text) => (room -= text.length) > 0);
      if (kept.length) localStorage[cookie] = JSON.stringify(kept);
      else localStorage.removeItem(cookie);
    } catch (e) {
      warn(e);
    }
  };

  const save = (texts) => {
    recall();
    if (granted()) store([...new Set([...stored(), ...texts])]);
  };

  const decide = (choice) => {
    const next = parsed(choice);
    if (!next) return;
    purposes = next;
    const calls = held;
    held = [];
    if (granted()) {
      recall();
      state.c = purposes = next;
      remember();
      calls.forEach((call) => call());
    } else {
      // A refusal is remembered, so that nobody is asked again; there is no id in it.
      queue = [];
      store([]);
      state = { c: purposes };
      remember();
    }
  };

  // Runs when the person has agreed: now, later, or never.
  const agreed = (call) => {
    recall();
    if (granted()) call();
    else if (!purposes && held.length < IN_MEMORY) held.push(call);
  };

  // ---- events ---------------------------------------------------------------------------------------------------

  const mask = (text) =>
    text
      .replace(/".*"/gs, '"*"')
      .replace(/\S+@\S+/g, "*")
      .replace(/([?&#][^\s=]+=)[^\s&]*/g, "$1*")
      .replace(/\d{4,}/g, "*");

  const wanted = (name) =>
    /^utm_/.test(name) ||
    (agrees("marketing") && CLICK_IDS.test(name)) ||
    has(options.params || [], name);

  // An address without what may be personal: of its query only campaigns stay, of its fragment nothing.
  const clean = (address) => {
    try {
      const url = new URL(address, location);
      if (!/^http/.test(url.protocol)) return url.protocol;
      const kept = new URLSearchParams([...url.searchParams].filter((pair) => wanted(pair[0])));
      const fragment = options.pageviews === "hash" ? url.hash.split("?")[0] : "";
      return url.origin + url.pathname + (`${kept}` && "?" + kept) + fragment;
    } catch (e) {
      return "";
    }
  };

  let referrer = doc.referrer;

  const context = (address) => {
    const url = new URL(address);
    const props = {
      $current_url: clean(address),
      $pathname: url.pathname,
      $host: url.host,
      $screen_width: screen.width,
      $screen_height: screen.height,
      $viewport_width: innerWidth,
      $viewport_height: innerHeight,
      $browser_language: nav.language,
      $timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      $consent: state.c,
      $webdriver: nav.webdriver || undefined,
    };
    url.searchParams.forEach((value, name) => wanted(name) && (props[name] = value));
    if (referrer) {
      props.$referrer = clean(referrer);
      props.$referring_domain = new URL(referrer).host;
    }
    return props;
  };

  const add = (item) => {
    if (granted()) {
      touch();
      item = { distinct_id: state.u || state.d, session: state.s, account: state.a, ...item };
    } else item.cookieless = true;
    queue.push(JSON.stringify(item, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
    if (queue.length > IN_MEMORY) queue.shift();
    soon();
  };

  const capture = (event, properties, more, address) => {
    recall();
    let item = {
      event,
      uuid: uuid(),
      timestamp: new Date().toISOString(),
      properties: { ...context(address || location.href), ...properties },
      ...more,
    };
    if (options.before) item = options.before(item);
    if (!item) return;
    const cookieless = purposes ? options.cookieless === "always" : options.cookieless;
    if (granted() || cookieless) add(item);
    else agreed(() => add(item));
  };

  // ---- sending --------------------------------------------------------------------------------------------------

  const schedule = (ms) => {
    if (!timer) timer = setTimeout(flush, ms);
  };

  const soon = () => queue.length && schedule(queue.length < BATCH ? options.delay : 0);

  // The first events of `texts` that one request takes.
  const first = (texts) => {
    let bytes = 200;
    let count = 0;
    for (const text of texts) {
      bytes += size(text) + 1;
      if (count && (bytes > BATCH_BYTES || count >= most)) break;
      count++;
    }
    return texts.slice(0, count);
  };

  const body = (texts) =>
    `{"library":"yunying.js/${VERSION}","sent_at":"${new Date().toISOString()}","events":[${texts}]}`;

  const drop = (texts) => {
    queue = queue.filter((text) => !has(texts, text));
    if (granted() && stored().length) store(stored().filter((text) => !has(texts, text)));
  };

  const failed = (retry_s) => {
    save(queue);
    const wait = Math.min(1e3 * 2 ** failures++, 3e5) * (1 + Math.random() / 2);
    schedule(Math.max(wait, Math.min(retry_s || 0, 3600) * 1e3));
  };

  const flush = () => {
    clearTimeout(timer);
    timer = 0;
    if (flying.length || !queue.length) return;
    if (nav.onLine === false) {
      save(queue);
      return;
    }
    const texts = (flying = first(queue));
    const text = body(texts);
    // Browsers refuse what would keep more than 64 KiB alive, other scripts' requests included: never twice in a row.
    const keepalive = !failures && size(text) < BATCH_BYTES + 400;
    fetch(endpoint, { method: "POST", body: text, credentials: "omit", keepalive })
      .then((answer) => {
        answer.text().catch(warn); // Unread, it would count as alive.
        const status = answer.status;
        if (status > 499 || has([408, 425, 429], status)) return failed(+answer.headers.get("retry-after"));
        failures = 0;
        if (status === 413 && texts.length > 1) most = texts.length >> 1;
        else {
          drop(texts);
          if (!answer.ok) warn(`${status} for ${texts.length} events`);
        }
        soon();
      }, () => failed())
      .finally(() => (flying = []));
  };

  // The page goes away: what is not sent goes by beacon; what nobody may have received waits for the next page.
  const farewell = () => {
    let rest = queue.filter((text) => !has(flying, text));
    if (flying.length || failures || nav.onLine === false) save(failures ? queue : flying);
    while (rest.length) {
      const some = first(rest);
      if ((failures && granted()) || nav.onLine === false || !nav.sendBeacon(endpoint, body(some))) {
        save(rest);
        break;
      }
      drop(some);
      rest = rest.slice(some.length);
    }
  };

  // ---- page views -----------------------------------------------------------------------------------------------

  let page = location.href;
  let viewed;
  let depth = 0;
  let shown = 0;
  let since = now();

  const measure = () => {
    const all = doc.documentElement.scrollHeight;
    depth = Math.max(depth, Math.min(100, Math.round(((scrollY + innerHeight) / all) * 100) || 0));
  };
  const pause = () => {
    if (since) shown += now() - since;
    since = 0;
  };

  const view = (props) => {
    page = location.href;
    depth = shown = 0;
    since = doc.hidden ? 0 : now();
    viewed = true;
    measure();
    capture("$pageview", { title: doc.title, ...props });
  };

  // Closing a page after hours is not a visit of its own.
  const sameVisit = () => ({ session: state.s });

  const leave = () => {
    if (!viewed) return;
    viewed = false;
    pause();
    if (options.leave) capture("$pageleave", { $scroll_depth: depth, $duration_ms: shown }, sameVisit(), page);
  };

  const watchPages = () => {
    const place = () => location.pathname + (options.pageviews === "hash" ? location.hash : "");
    let last = place();
    let query = location.search;
    const moved = (replaced) => {
      // A page that writes its filters into its own address has not become another page.
      const other = place() !== last || (replaced !== true && location.search !== query);
      last = place();
      query = location.search;
      if (!other) return;
      leave();
      referrer = page;
      // The new page sets its title right after the address.
      page = location.href;
      setTimeout(guarded(view));
    };
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name];
      history[name] = function (...given) {
        original.apply(this, given);
        guarded(moved)(name === "replaceState");
      };
    }
    on(win, "popstate", guarded(moved));
    on(win, "hashchange", guarded(moved));
    on(win, "pageshow", (event) => event.persisted && guarded(view)());
    view();
  };

  // ---- what happens on a page -----------------------------------------------------------------------------------

  const label = (element) => {
    if (!options.text || element.closest(EDITABLE) || element.querySelector(EDITABLE)) return undefined;
    return mask(element.textContent.replace(/\s+/g, " ").trim()).slice(0, 64) || undefined;
  };

  const named = (element) => {
    const props = {};
    for (const { name, value } of element.attributes)
      if (/^data-yy-prop-/.test(name)) props[name.slice(13).replace(/-/g, "_")] = value;
    capture(element.getAttribute("data-yy-event"), props);
  };

  const about = (element, more) => ({
    $element_tag: element.localName,
    $element_id: element.getAttribute("id") || undefined,
    $element_name: element.getAttribute("data-yy-name") || element.getAttribute("name") || undefined,
    ...more,
  });

  const followed = (link) => {
    const address = new URL(link.href, location);
    const home = options.domain || location.hostname.replace(/^www\./, "");
    const file = address.pathname.match(FILES);
    if (!/^http/.test(address.protocol)) return;
    if (file || link.hasAttribute("download"))
      capture("$download", { $url: clean(address), $extension: file ? file[1].toLowerCase() : undefined });
    else if (!`.${address.hostname}`.endsWith("." + home)) capture("$outbound", { $url: clean(address) });
  };

  const clicked = (event) => {
    const target = event.target;
    if (!target.closest || target.closest("[data-yy-ignore]") || event.button > 1) return;
    const own = target.closest("[data-yy-event]:not(form)");
    const link = target.closest("a[href],area[href]");
    const control = target.closest(CONTROLS);
    if (own) named(own);
    if (link && options.links) followed(link);
    if (!own && control && options.autocapture)
      capture("$click", about(control, { $element_text: label(control), $url: link ? clean(link.href) : undefined }));
  };

  const submitted = ({ target: form }) => {
    if (form.closest("[data-yy-ignore]")) return;
    if (form.hasAttribute("data-yy-event")) named(form);
    else if (options.autocapture) capture("$submit", about(form, { $url: clean(form.getAttribute("action") || "") }));
  };

  const watchErrors = () => {
    const seen = [];
    const fault = (type, message, file, line) => {
      message = mask(`${message || ""}`).slice(0, 200);
      if (seen.length >= FAULTS || has(seen, message)) return;
      seen.push(message);
      capture("$error", {
        $error_type: type || "Error",
        $error_message: message,
        $error_source: file ? clean(file) : undefined,
        $error_line: line || undefined,
      });
    };
    on(win, "error", (event) => {
      if (event.message) fault((event.error || {}).name, event.message, event.filename, event.lineno);
    });
    on(win, "unhandledrejection", ({ reason }) => {
      if (reason) fault(reason.name || "UnhandledRejection", reason.message || (reason.trim ? reason : ""));
    });
  };

  // ---- web vitals (https://web.dev/articles/vitals) ---------------------------------------------------------------

  const found = {};
  const observers = [];
  let reported;

  const observe = (type, each, more) => {
    if (!win.PerformanceObserver || !has(PerformanceObserver.supportedEntryTypes || [], type)) return;
    const take = (list) => list.forEach(each);
    const observer = new PerformanceObserver((list) => take(list.getEntries()));
    observer.observe({ type, buffered: true, ...more });
    observers.push(() => take(observer.takeRecords()));
    return true;
  };

  const watchVitals = () => {
    const worst = {};
    let shift = 0;
    let begun = 0;
    let latest = 0;
    const [way] = performance.getEntriesByType("navigation");
    const zero = (way && way.activationStart) || 0;
    if (way) found.TTFB = Math.max(0, way.responseStart - zero);
    // A page that was opened in the background was painted for nobody.
    if (!doc.hidden) {
      observe("paint", (entry) => {
        if (/^first-c/.test(entry.name)) found.FCP = Math.max(0, entry.startTime - zero);
      });
      observe("largest-contentful-paint", (entry) => (found.LCP = Math.max(0, entry.startTime - zero)));
    }
    const steady = observe("layout-shift", (entry) => {
      if (entry.hadRecentInput) return;
      const at = entry.startTime;
      // The worst window: shifts less than a second apart, five seconds long at most.
      if (at - latest > 1e3 || at - begun > 5e3) {
        shift = 0;
        begun = at;
      }
      latest = at;
      shift += entry.value;
      found.CLS = Math.max(found.CLS, shift);
    });
    if (steady) found.CLS = 0;
    observe(
      "event",
      ({ interactionId: id, duration }) => {
        if (!id) return;
        worst[id] = Math.max(worst[id] || 0, duration);
        const durations = Object.values(worst).sort((a, b) => b - a);
        // One in fifty interactions may be an outlier.
        found.INP = durations[Math.min(durations.length - 1, Math.floor((performance.interactionCount || 0) / 50))];
      },
      { durationThreshold: 40 },
    );
  };

  const reportVitals = () => {
    if (reported) return;
    reported = true;
    observers.forEach((take) => take());
    const props = {};
    for (const name in found) props[`$web_vitals_${name}_value`] = +found[name].toFixed(name === "CLS" ? 4 : 0);
    if (Object.keys(props).length) capture("$web_vitals", props, sameVisit(), page);
  };

  // ---- the calls ------------------------------------------------------------------------------------------------

  // Whatever goes wrong in here must not break the page.
  const guarded =
    (call) =>
    (...given) => {
      try {
        return call(...given);
      } catch (e) {
        warn(e);
      }
    };

  const start = () => {
    if (granted()) {
      queue = stored();
      soon();
    }
    if (options.vitals) watchVitals();
    if (options.errors) watchErrors();
    on(doc, "click", guarded(clicked));
    on(doc, "auxclick", guarded(clicked));
    on(doc, "submit", guarded(submitted));
    on(win, "scroll", measure);
    on(win, "online", () => {
      failures = 0;
      flush();
    });
    on(doc, "visibilitychange", () => {
      if (doc.hidden) {
        pause();
        guarded(reportVitals)();
        if (!failures) flush();
      } else since = now();
    });
    on(win, "pagehide", () => {
      guarded(reportVitals)();
      guarded(leave)();
      guarded(farewell)();
    });
    if (options.pageviews) watchPages();
    api.push = (call) => api[call[0]](...call.slice(1));
    [...waiting].forEach(api.push);
  };

  const settings = () => {
    const read = {};
    for (const name in tag ? tag.dataset : {}) {
      const value = tag.dataset[name];
      read[name] = value === "" || value === "true" ? true : value === "false" ? false : value;
    }
    return read;
  };

  const calls = {
    track: (name, props) => capture(name, props),
    page: (props) => {
      leave();
      view(props);
    },
    identify: (id, set) =>
      agreed(() => {
        id = `${id}`.trim();
        // What is longer might not fit into a cookie.
        if (NOBODY.test(id) || size(id) > 400) return warn(`"${id}" is nobody's id`);
        touch();
        const before = state.u;
        if (before === id && !set) return;
        // Somebody else at the same device must not become the same person.
        if (before && before !== id) state = { c: state.c };
        const link = before ? {} : { anonymous_id: state.d };
        state.u = id;
        remember();
        capture("$identify", {}, { set, ...link });
      }),
    reset: () => {
      recall();
      held = [];
      state = { c: state.c };
      if (granted()) remember();
    },
    account: (id, account_set) =>
      agreed(() => {
        touch();
        state.a = id ? `${id}` : undefined;
        remember();
        if (id) capture("$groupidentify", {}, { account_set });
      }),
    revenue: (amount, currency, props) => {
      if (!isFinite(amount)) return warn(`${amount} is no amount`);
      capture("$revenue", { ...props, amount: +amount, currency });
    },
    set: (set) => agreed(() => capture("$set", {}, { set })),
    set_once: (set_once) => agreed(() => capture("$set", {}, { set_once })),
    consent: decide,
    flush: () => flush(),
    id: () => {
      recall();
      if (granted()) touch();
      return state.u || state.d;
    },
  };

  const init = (token, more) => {
    if (key || !token) return;
    key = token;
    Object.assign(options, settings(), more);
    if (typeof options.params === "string") options.params = options.params.split(",");
    const home = options.host || (tag ? tag.src.replace(/\/(static\/yunying\/[^/]+\/)?yunying\.js.*$/, "") : "");
    endpoint = `${home.replace(/\/+$/, "")}/v1/events?key=${encodeURIComponent(key)}`;
    cookie = options.cookie || "yy_" + key.replace(/\W/g, "").slice(-8);
    purposes = parsed(options.consent);
    const signal = options.signals && (nav.globalPrivacyControl || nav.doNotTrack === "1");
    if (signal && options.consent === "granted") purposes = null;
    recall();
    for (const name in calls) api[name] = guarded(calls[name]);
    if (doc.prerendering) on(doc, "prerenderingchange", start);
    else start();
  };

  const api = { version: VERSION, init: guarded(init), push: (call) => waiting.push(call) };
  for (const name in calls) api[name] = (...given) => waiting.push([name, ...given]);
  win.yunying = api;
  if (tag && tag.dataset.key) api.init(tag.dataset.key);
  const begin = [...waiting].findIndex((call) => call[0] === "init");
  if (begin >= 0) api.init(...waiting.splice(begin, 1)[0].slice(1));
})();
