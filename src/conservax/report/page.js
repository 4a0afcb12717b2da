"use strict";
// Draws the density at the time of the slider. Everything comes from the JSON in this page.
(() => {
  const data = JSON.parse(document.getElementById("picture-data").textContent);
  const byId = (id) => document.getElementById(id);
  const canvas = byId("canvas"), ctx = canvas.getContext("2d");
  const slider = byId("time"), play = byId("play");

  // ---- numbers out of base64

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const floats = (text) => new Float32Array(bytes(text).buffer);
  const shorts = (text) => new Uint16Array(bytes(text).buffer);

  const dim = data.columns.length;
  const colours = bytes(data.colours);
  const points = data.points && { ...data.points, t: shorts(data.points.t), x: shorts(data.points.x) };
  const levels = data.levels && bytes(data.levels);

  // ---- text and ticks

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const font = (size, weight = "") => `${weight} ${size}px ${css("--sans")}`;

  function written(value, digits = 3) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    const text = size >= 1e5 || size < 1e-3 ? value.toExponential(digits - 1) : String(+value.toPrecision(digits));
    return text.replace(/-/g, "−").replace(/e\+?/, "e");
  }

  function ticks(low, high, wanted) {
    const raw = (high - low) / wanted, decade = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((s) => s * decade >= raw) * decade;
    const found = [];
    for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
    const places = Math.max(0, -Math.floor(Math.log10(step)));
    const plain = Math.abs(high) < 1e6 && places < 6;
    return found.map((v) => [v, (plain ? v.toFixed(places) : written(v)).replace(/^-/, "−")]);
  }

  function short(name, most) {
    return name.length > most ? name.slice(0, most - 1) + "…" : name;
  }

  // ---- a box of the picture: pixels of data, its frame and labels

  function makeBox(left, top, width, height, xs, ys) {
    return {
      left, top, width, height, xs, ys,
      x: (v) => left + ((v - xs[0]) / (xs[1] - xs[0])) * width,
      y: (v) => top + height - ((v - ys[0]) / (ys[1] - ys[0])) * height,
    };
  }

  function drawFrame(box, { xLabel, yLabel, grid = false, xTicks = true, yTicks = true, size = 12 }) {
    ctx.font = font(size);
    ctx.lineWidth = 1;
    ctx.fillStyle = css("--muted");
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    for (const [v, text] of ticks(...box.xs, Math.max(2, box.width / 85))) {
      const x = Math.round(box.x(v)) + 0.5;
      stroke([[x, box.top + box.height], [x, box.top + box.height + 4]], css("--muted"));
      if (grid) stroke([[x, box.top], [x, box.top + box.height]], css("--line"));
      if (xTicks) ctx.fillText(text, x, box.top + box.height + 7);
    }
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    let widest = 0;
    for (const [v, text] of ticks(...box.ys, Math.max(2, box.height / 55))) {
      const y = Math.round(box.y(v)) + 0.5;
      stroke([[box.left - 4, y], [box.left, y]], css("--muted"));
      if (grid) stroke([[box.left, y], [box.left + box.width, y]], css("--line"));
      if (yTicks) ctx.fillText(text, box.left - 7, y);
      widest = Math.max(widest, ctx.measureText(text).width);
    }
    ctx.strokeStyle = css("--muted");
    ctx.strokeRect(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1);
    ctx.fillStyle = css("--ink");
    ctx.font = font(size + 1, "600");
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    if (xLabel) ctx.fillText(short(xLabel, 60), box.left + box.width / 2, box.top + box.height + 13 + size);
    if (yLabel) {
      ctx.save();
      ctx.translate(box.left - widest - 13, box.top + box.height / 2);
      ctx.rotate(-Math.PI / 2);
      ctx.textBaseline = "bottom";
      ctx.fillText(short(yLabel, 44), 0, 0);
      ctx.restore();
    }
  }

  function stroke(path, colour, width = 1) {
    ctx.beginPath();
    path.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }

  function inside(box, draw) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    draw();
    ctx.restore();
  }

  // ---- colour: a level is 255 times the root of density / largest

  const DECADES = 4;

  function shade(share, scale) {
    if (scale === "linear") return share;
    if (scale === "root") return Math.sqrt(share);
    return share > 0 ? Math.max(0, 1 + Math.log10(share) / DECADES) : 0;
  }

  function unshade(place, scale) {
    if (scale === "linear") return place;
    return scale === "root" ? place * place : 10 ** (DECADES * (place - 1));
  }

  function palette(scale) {
    const table = new Uint8ClampedArray(256 * 3);
    for (let level = 0; level < 256; level++) {
      const c = Math.round(255 * shade((level / 255) ** data.root, scale));
      table.set(colours.subarray(3 * c, 3 * c + 3), 3 * level);
    }
    return table;
  }

  const tile = document.createElement("canvas");

  function drawLevels(box, start, side, table) {
    tile.width = tile.height = side;
    const pen = tile.getContext("2d"), image = pen.createImageData(side, side);
    for (let row = 0; row < side; row++) {
      for (let col = 0; col < side; col++) {
        const from = 3 * levels[start + row * side + col], to = 4 * ((side - 1 - row) * side + col);
        for (let k = 0; k < 3; k++) image.data[to + k] = table[from + k];
        image.data[to + 3] = 255;
      }
    }
    pen.putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = true;
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(tile, box.left, box.top, box.width, box.height);
  }

  function drawColourBar(left, top, height, scale, label, largest) {
    for (let i = 0; i < height; i++) {
      const c = 3 * Math.round(255 * (1 - i / (height - 1)));
      ctx.fillStyle = `rgb(${colours[c]},${colours[c + 1]},${colours[c + 2]})`;
      ctx.fillRect(left, top + i, 14, 1.5);
    }
    ctx.strokeStyle = css("--muted");
    ctx.lineWidth = 1;
    ctx.strokeRect(left + 0.5, top + 0.5, 13, height - 1);
    ctx.font = font(12);
    ctx.fillStyle = css("--muted");
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    for (let i = 0; i <= 4; i++) {
      const y = top + height * (1 - i / 4);
      const share = scale !== "log" && i === 0 ? 0 : unshade(i / 4, scale);
      stroke([[left + 14, y], [left + 18, y]], css("--muted"));
      ctx.fillText(written(share * largest, 2), left + 22, y);
    }
    ctx.save();
    ctx.translate(left + 84, top + height / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textAlign = "center";
    ctx.fillStyle = css("--ink");
    ctx.font = font(12);
    ctx.fillText(label, 0, 0);
    ctx.restore();
  }

  // ---- data near the time of the frame

  function near(frame) {
    const found = [];
    if (!points) return found;
    const now = data.unitTimes[frame] * 65535, reach = points.window * 65535;
    for (let i = 0; i < points.count; i++) {
      const away = Math.abs(points.t[i] - now);
      if (away <= reach) found.push([i, 1 - away / reach]);
    }
    return found;
  }

  const place = (i, d) => data.bounds[d][0] + (points.x[i * dim + d] / 65535) * (data.bounds[d][1] - data.bounds[d][0]);

  function drawDots(box, found, dx, dy, radius) {
    inside(box, () => {
      for (const [i, weight] of found) {
        ctx.globalAlpha = 0.3 + 0.7 * weight;
        ctx.beginPath();
        ctx.arc(box.x(place(i, dx)), box.y(place(i, dy)), radius, 0, 2 * Math.PI);
        ctx.fillStyle = "#5fe3d0";
        ctx.fill();
        ctx.strokeStyle = "#06231f";
        ctx.lineWidth = 1;
        ctx.stroke();
      }
    });
  }

  // ---- the three pictures: each lays out its boxes for a width, and paints a frame

  function plane() {
    const { side, stride } = data, arrows = floats(data.arrows), coarse = Math.round(Math.sqrt(arrows.length / 2 / data.times.length));
    const [xs, ys] = data.bounds;
    const ratio = Math.min(2.1, Math.max(1, (xs[1] - xs[0]) / (ys[1] - ys[0])));

    function layout(width) {
      const left = 66, right = 104, wide = width - left - right;
      const height = Math.min(wide / ratio, 600), boxWidth = Math.min(wide, height * ratio);
      const shift = Math.max(0, (wide - boxWidth) / 2);
      return { height: height + 66, box: makeBox(left + shift, 10, boxWidth, height, xs, ys) };
    }

    function drawArrow(box, at, step, strength) {
      const cell = (Math.min(box.width, box.height) / side) * stride;
      let dx = (step[0] / (xs[1] - xs[0])) * box.width, dy = (-step[1] / (ys[1] - ys[0])) * box.height;
      const length = Math.hypot(dx, dy);
      if (!(length > 1.5)) return;
      const most = 2.2 * cell, scale = Math.min(1, most / length);
      [dx, dy] = [dx * scale, dy * scale];
      const [x, y] = [box.x(at[0]) - dx / 2, box.y(at[1]) - dy / 2], angle = Math.atan2(dy, dx);
      const head = Math.min(6, 2 + 0.3 * length * scale);
      const path = new Path2D();
      path.moveTo(x, y);
      path.lineTo(x + dx, y + dy);
      for (const turn of [2.6, -2.6]) {
        path.moveTo(x + dx, y + dy);
        path.lineTo(x + dx + head * Math.cos(angle + turn), y + dy + head * Math.sin(angle + turn));
      }
      ctx.lineCap = ctx.lineJoin = "round";
      ctx.globalAlpha = strength;
      for (const [colour, width] of [["rgba(0,0,0,0.55)", 3.2], ["#ffffff", 1.4]]) {
        ctx.strokeStyle = colour;
        ctx.lineWidth = width;
        ctx.stroke(path);
      }
    }

    function drawArrows(box, frame) {
      let most = 0;
      for (let k = 0; k < side * side; k++) most = Math.max(most, levels[frame * side * side + k]);
      inside(box, () => {
        for (let row = 0; row < coarse; row++) {
          for (let col = 0; col < coarse; col++) {
            const r = row * stride + (stride >> 1), c = col * stride + (stride >> 1);
            const strength = levels[(frame * side + r) * side + c] / most;
            const k = 2 * ((frame * coarse + row) * coarse + col);
            const at = [xs[0] + ((c + 0.5) / side) * (xs[1] - xs[0]), ys[0] + ((r + 0.5) / side) * (ys[1] - ys[0])];
            if (strength > 0.1) drawArrow(box, at, [arrows[k], arrows[k + 1]], Math.min(1, 1.5 * strength));
          }
        }
      });
    }

    function paint({ box }, frame, state) {
      inside(box, () => drawLevels(box, frame * side * side, side, palette(state.scale)));
      if (state.points) drawDots(box, near(frame), 0, 1, 3.2);
      if (state.motion) drawArrows(box, frame);
      drawFrame(box, { xLabel: data.columns[0], yLabel: data.columns[1] });
      const label = `density, per unit of ${short(data.columns[0], 16)} × ${short(data.columns[1], 16)}`;
      drawColourBar(box.left + box.width + 14, box.top, box.height, state.scale, label, data.largest);
    }

    function under({ box }, frame, x, y) {
      const col = Math.floor(((x - box.left) / box.width) * side), row = Math.floor(((box.top + box.height - y) / box.height) * side);
      if (col < 0 || row < 0 || col >= side || row >= side) return "";
      const density = data.largest * (levels[(frame * side + row) * side + col] / 255) ** data.root;
      const at = [xs[0] + ((x - box.left) / box.width) * (xs[1] - xs[0]), ys[0] + ((box.top + box.height - y) / box.height) * (ys[1] - ys[0])];
      return `${data.columns[0]} ${written(at[0], 4)}, ${data.columns[1]} ${written(at[1], 4)}: density ${written(density, 2)}`;
    }
    return { layout, paint, under };
  }

  function line() {
    const density = floats(data.density), velocity = floats(data.velocity), { count } = data;
    const xs = data.bounds[0], BINS = 40;
    const at = (k) => xs[0] + (k / (count - 1)) * (xs[1] - xs[0]);
    const top = density.reduce((a, b) => Math.max(a, b), 0) * 1.15;
    const present = (k) => density[k] > 2e-3 * top;
    const speeds = [...velocity].filter((_, k) => present(k)).sort((a, b) => a - b);
    const quantile = (q) => speeds[Math.min(speeds.length - 1, Math.floor(q * speeds.length))] ?? 0;
    const [slow, fast] = [Math.min(0, quantile(0.005)), Math.max(0, quantile(0.995))];
    const margin = 0.1 * (fast - slow) || 1;

    function layout(width, state) {
      const left = 78, wide = width - left - 20, low = state.motion ? 150 : 0;
      return {
        height: 330 + (low ? low + 26 : 0) + 56,
        upper: makeBox(left, 10, wide, 320, xs, [0, top]),
        lower: low ? makeBox(left, 356, wide, low, xs, [slow - margin, fast + margin]) : null,
      };
    }

    function drawHistogram(box, found) {
      const bins = new Float64Array(BINS), width = (xs[1] - xs[0]) / BINS;
      for (const [i] of found) bins[Math.min(BINS - 1, Math.floor((place(i, 0) - xs[0]) / width))]++;
      const base = box.top + box.height;
      inside(box, () => {
        ctx.fillStyle = css("--series-2");
        bins.forEach((n, k) => {
          const y = box.y(n / found.length / width);
          ctx.globalAlpha = 0.28;
          ctx.fillRect(box.x(xs[0] + k * width) + 0.5, y, box.width / BINS - 1, base - y);
        });
        for (const [i, weight] of found) {
          ctx.globalAlpha = 0.25 + 0.6 * weight;
          stroke([[box.x(place(i, 0)), base], [box.x(place(i, 0)), base - 11]], css("--series-2"), 1.2);
        }
      });
    }

    function drawCurve(box, values, frame, colour, filled) {
      const path = [];
      for (let k = 0; k < count; k++) {
        if (filled || present(frame * count + k)) path.push([box.x(at(k)), box.y(values[frame * count + k])]);
      }
      inside(box, () => {
        if (filled) {
          ctx.beginPath();
          [...path, [box.x(xs[1]), box.y(0)], [box.x(xs[0]), box.y(0)]].forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
          ctx.globalAlpha = 0.14;
          ctx.fillStyle = colour;
          ctx.fill();
          ctx.globalAlpha = 1;
        }
        ctx.lineJoin = "round";
        stroke(path, colour, 2.2);
      });
    }

    function paint({ upper, lower }, frame, state) {
      drawFrame(upper, { yLabel: "density", grid: true, xTicks: !lower, xLabel: lower ? "" : data.columns[0] });
      const found = near(frame);
      if (state.points && found.length) drawHistogram(upper, found);
      drawCurve(upper, density, frame, css("--series-1"), true);
      if (!lower) return;
      drawFrame(lower, { xLabel: data.columns[0], yLabel: "velocity", grid: true });
      stroke([[lower.left, lower.y(0)], [lower.left + lower.width, lower.y(0)]], css("--muted"));
      drawCurve(lower, velocity, frame, css("--series-3"), false);
    }

    function under({ upper }, frame, x) {
      const k = Math.round(((x - upper.left) / upper.width) * (count - 1));
      if (k < 0 || k >= count) return "";
      const now = frame * count + k;
      return `${data.columns[0]} ${written(at(k), 4)}: density ${written(density[now], 3)}, velocity ${written(velocity[now], 3)} ${data.velocityUnit}`;
    }
    return { layout, paint, under };
  }

  function pairs() {
    const { side } = data, lines = floats(data.marginals), GAP = 10;

    function layout(width) {
      const left = 70, cell = Math.min((width - left - 14 - GAP * (dim - 1)) / dim, 300);
      const boxes = [];
      const box = (row, col, ys) => makeBox(left + col * (cell + GAP), 10 + row * (cell + GAP), cell, cell, data.bounds[col], ys);
      data.pairs.forEach(([row, col], k) => boxes.push({ row, col, k, box: box(row, col, data.bounds[row]) }));
      for (let d = 0; d < dim; d++) boxes.push({ row: d, col: d, k: -1, box: box(d, d, [0, 1.1]) });
      return { height: dim * (cell + GAP) + 56, boxes, cell };
    }

    function drawMarginal(box, frame, d, found, state) {
      const n = lines.length / data.times.length / dim, start = (frame * dim + d) * n;
      const edge = (k) => box.left + (k / n) * box.width;
      const path = [[box.left, box.y(0)]];
      for (let k = 0; k < n; k++) path.push([edge(k), box.y(lines[start + k])], [edge(k + 1), box.y(lines[start + k])]);
      path.push([edge(n), box.y(0)]);
      inside(box, () => {
        stroke(path, css("--series-1"), 1.6);
        ctx.globalAlpha = 0.16;
        ctx.fillStyle = css("--series-1");
        ctx.fill();
        if (!state.points) return;
        for (const [i, weight] of found) {
          ctx.globalAlpha = 0.2 + 0.5 * weight;
          stroke([[box.x(place(i, d)), box.y(0)], [box.x(place(i, d)), box.y(0) - 8]], css("--series-2"));
        }
      });
    }

    function paint({ boxes }, frame, state) {
      const table = palette(state.scale), found = near(frame);
      for (const { row, col, k, box } of boxes) {
        if (k < 0) drawMarginal(box, frame, col, found, state);
        else inside(box, () => drawLevels(box, (frame * data.pairs.length + k) * side * side, side, table));
        if (k >= 0 && state.points) drawDots(box, found, col, row, 2);
        const last = row === dim - 1, first = col === 0 && row > 0;
        drawFrame(box, { xLabel: last ? short(data.columns[col], 18) : "", yLabel: first ? short(data.columns[row], 18) : "", xTicks: last, yTicks: first, size: 11 });
      }
    }
    return { layout, paint, under: () => "" };
  }

  // ---- the page: slider, play, switches

  const picture = { plane, line, pairs }[data.kind]();
  const on = (id) => byId(id)?.checked ?? false;
  let placed = null, timer = null;

  function draw() {
    const frame = +slider.value, width = canvas.clientWidth, dense = window.devicePixelRatio || 1;
    const state = { motion: on("motion"), points: on("points"), scale: byId("scale")?.value };
    placed = picture.layout(width, state);
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(placed.height * dense);
    canvas.style.height = `${placed.height}px`;
    ctx.setTransform(dense, 0, 0, dense, 0, 0);
    picture.paint(placed, frame, state);
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
    play.setAttribute("aria-pressed", "false");
  }

  function start() {
    if (+slider.value >= +slider.max) slider.value = 0;
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      slider.value = +slider.value + 1;
      draw();
      if (+slider.value >= +slider.max) stop();
    }, 160);
    draw();
  }

  play.addEventListener("click", () => (timer ? stop() : start()));
  slider.addEventListener("input", () => { stop(); draw(); });
  for (const id of ["motion", "points", "scale"]) byId(id)?.addEventListener("change", draw);
  canvas.addEventListener("pointermove", (event) => {
    const text = picture.under(placed, +slider.value, event.offsetX, event.offsetY);
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
})();
