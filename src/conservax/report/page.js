// The page around the picture: slider, play button, switches, copy button.

const slider = byId("time"), play = byId("play");
const picture = { plane, line, pairs }[data.kind]();
const on = (id) => byId(id)?.checked ?? false;
let layout = null, timer = null;

function draw() {
  const frame = +slider.value, width = canvas.clientWidth, dense = window.devicePixelRatio || 1;
  const state = { motion: on("motion"), points: on("points"), lines: on("lines"), scale: byId("scale")?.value };
  layout = picture.layout(width, state);
  canvas.width = Math.round(width * dense);
  canvas.height = Math.round(layout.height * dense);
  canvas.style.height = `${layout.height}px`;
  ctx.setTransform(dense, 0, 0, dense, 0, 0);
  picture.paint(layout, frame, state);
  byId("now").textContent = data.times[frame];
  slider.setAttribute("aria-valuetext", data.times[frame]);
  if (points) {
    const shown = near(frame).length;
    byId("near").textContent = `${shown || "No"} data point${shown === 1 ? "" : "s"} within ±${points.windowLabel} of this time`;
  }
}

function stop() {
  clearInterval(timer);
  timer = null;
  play.textContent = "Play";
}

function start() {
  if (+slider.value >= +slider.max) slider.value = 0;
  play.textContent = "Pause";
  timer = setInterval(() => {
    slider.value = +slider.value + 1;
    draw();
    if (+slider.value >= +slider.max) stop();
  }, 160);
  draw();
}

play.addEventListener("click", () => (timer ? stop() : start()));
slider.addEventListener("input", () => { stop(); draw(); });
for (const id of ["motion", "points", "lines", "scale"]) byId(id)?.addEventListener("change", draw);
canvas.addEventListener("pointermove", (event) => {
  const text = picture.under(layout, +slider.value, event.offsetX, event.offsetY);
  byId("under").textContent = text;
});
canvas.addEventListener("pointerleave", () => (byId("under").textContent = ""));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
let drawnWidth = 0;
new ResizeObserver(() => {
  if (canvas.clientWidth !== drawnWidth) {
    drawnWidth = canvas.clientWidth;
    draw();
  }
}).observe(canvas);

byId("copy").addEventListener("click", async (event) => {
  const code = byId("code");
  getSelection().selectAllChildren(code);
  try {
    await navigator.clipboard.writeText(code.textContent);
    event.target.textContent = "Copied";
  } catch {
    event.target.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => (event.target.textContent = "Copy"), 2000);
});
