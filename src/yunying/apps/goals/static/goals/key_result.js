// Shows of a key result's form what the chosen shape needs. Hidden fields are emptied by the server.
(() => {
  const shape = document.getElementById("id_shape");
  if (!shape) return;
  const show = () => {
    for (const part of document.querySelectorAll("[data-goal-shape]")) {
      part.hidden = !part.dataset.goalShape.split(" ").includes(shape.value);
    }
  };
  shape.addEventListener("change", show);
  show();
})();
