// Upload with a bar, and a word before the upload when the file is too large. Without this script the form is sent as it is.
(() => {
  const form = document.querySelector("[data-import-upload]");
  if (!form) return;
  const file = form.querySelector("input[type=file]");
  const tooLarge = form.querySelector("[data-too-large]");
  const broken = form.querySelector("[data-broken]");
  const bar = form.querySelector("[data-bar]");
  const button = form.querySelector("button");

  const fits = () => {
    const chosen = file.files[0];
    tooLarge.hidden = !chosen || chosen.size <= Number(form.dataset.most);
    return tooLarge.hidden;
  };
  file.addEventListener("change", fits);

  const show = (part) => {
    bar.hidden = false;
    bar.querySelector("progress").value = part;
    bar.querySelector("[data-bar-text]").textContent = new Intl.NumberFormat(document.documentElement.lang, {
      style: "percent",
    }).format(part);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!fits()) {
      file.focus();
      return;
    }
    broken.hidden = true;
    button.disabled = true;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (sent) => show(sent.loaded / sent.total));
    request.addEventListener("load", () => {
      // A redirect was followed: its page is where to go. Anything else is this page again, with what is wrong.
      if (request.responseURL !== form.action && request.status < 400) {
        window.location.assign(request.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const problem = page.querySelector("[role=alert]");
      bar.hidden = true;
      button.disabled = false;
      document.querySelector("#upload-problem")?.remove();
      if (problem) {
        problem.id = "upload-problem";
        form.closest(".card").before(problem);
        problem.scrollIntoView({ block: "center" });
      } else {
        broken.hidden = false;
      }
    });
    request.addEventListener("error", () => {
      bar.hidden = true;
      button.disabled = false;
      broken.hidden = false;
    });
    request.send(new FormData(form));
  });
})();
