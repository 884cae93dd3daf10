(() => {
  const form = document.querySelector(".filters");
  const all = [...document.querySelectorAll(".finding")];
  const count = document.querySelector("#shown");
  const apply = () => {
    const want = Object.fromEntries(new FormData(form));
    const text = want.text.toLowerCase();
    let shown = 0;
    for (const f of all) {
      const d = f.dataset;
      const show = (!want.rule || d.rule === want.rule) && (!want.namespace || d.namespace === want.namespace) &&
        (!want.state || d.state === want.state) && (!want.root || d.roots.split("\n").includes(want.root)) &&
        (!text || f.textContent.toLowerCase().includes(text));
      f.hidden = !show;
      if (show) shown++;
    }
    for (const c of document.querySelectorAll(".cause")) c.hidden = !c.querySelector(".finding:not([hidden])");
    count.textContent = `${shown} of ${all.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (e) => e.preventDefault());
  apply();
})();
