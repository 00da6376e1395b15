// The tree of goals folds by itself (details elements); this adds arrow keys, folding all, and a memory.
(() => {
  const tree = document.querySelector("[data-goal-tree]");
  if (!tree) return;
  const branches = [...tree.querySelectorAll("details")].filter((one) => !one.classList.contains("yy-drop"));
  const tools = document.querySelector("[data-goal-tree-tools]");
  const key = `goals-folded:${location.pathname}`;
  const name = (one) => one.closest("li").querySelector(":scope > .goal-row .goal-row-title")?.getAttribute("href") || "";
  const folded = () => {
    try {
      return new Set(JSON.parse(localStorage.getItem(key) || "[]"));
    } catch {
      return new Set();
    }
  };
  const keep = () => {
    try {
      localStorage.setItem(key, JSON.stringify(branches.filter((one) => !one.open).map(name)));
    } catch {
      // Without storage the tree is unfolded next time.
    }
  };
  const before = folded();
  for (const one of branches) {
    if (before.has(name(one))) one.open = false;
    one.addEventListener("toggle", keep);
  }
  if (tools && branches.length) tools.hidden = false;
  tools?.addEventListener("click", (event) => {
    const how = event.target.closest("[data-goal-fold]")?.dataset.goalFold;
    if (how) for (const one of branches) one.open = how === "open";
  });
  const stops = () => [...tree.querySelectorAll(".goal-row-title")].filter((one) => one.offsetParent !== null);
  tree.addEventListener("keydown", (event) => {
    const link = event.target.closest(".goal-row-title");
    if (!link || event.altKey || event.ctrlKey || event.metaKey) return;
    const branch = link.closest("li").querySelector(":scope > details");
    const all = stops();
    const place = all.indexOf(link);
    let next = null;
    if (event.key === "ArrowDown") next = all[place + 1];
    else if (event.key === "ArrowUp") next = all[place - 1];
    else if (event.key === "Home") next = all[0];
    else if (event.key === "End") next = all[all.length - 1];
    else if (event.key === "ArrowRight" && branch) branch.open = true;
    else if (event.key === "ArrowLeft" && branch && branch.open) branch.open = false;
    else if (event.key === "ArrowLeft") {
      next = link.closest("li").parentElement.closest("li")?.querySelector(".goal-row-title");
    } else return;
    event.preventDefault();
    next?.focus();
  });
})();
