// The three pictures: each has a layout for a width, and paints a frame.

function plane() {
  const { side, stride, ratio } = data, arrows = floats(data.arrows), coarse = Math.round(Math.sqrt(arrows.length / 2 / data.times.length));
  const [xs, ys] = data.bounds;
  const texts = data.degrees ? { xText: (v, _, places) => compass(v, "EW", places), yText: (v, _, places) => compass(v, "NS", places) } : {};
  const steps = new Int16Array(bytes(data.lines).buffer);

  function layout(width) {
    const right = 104;
    let left = 66, wide, height;
    // More room on the left makes the box lower, which may need other labels.
    for (let pass = 0; pass < 3; pass++) {
      wide = width - left - right;
      height = Math.min(wide / ratio, 600);
      left = Math.max(left, leftRoom(ys, height, { text: texts.yText }));
    }
    wide = width - left - right;
    height = Math.min(wide / ratio, 600);
    const boxWidth = Math.min(wide, height * ratio), shift = Math.max(0, (wide - boxWidth) / 2);
    return { height: height + 66, box: makeBox(left + shift, 10, boxWidth, height, xs, ys) };
  }

  function drawArrow(box, at, step, strength) {
    const cell = (Math.min(box.width, box.height) / side) * stride;
    let dx = (step[0] / (xs[1] - xs[0])) * box.width, dy = (-step[1] / (ys[1] - ys[0])) * box.height;
    const length = Math.hypot(dx, dy);
    if (!(length > 1)) return;
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
          if (strength > 0.2) drawArrow(box, at, [arrows[k], arrows[k + 1]], Math.min(1, 2.2 * strength ** 1.5));
        }
      }
    });
  }

  function drawLines(box) {
    const at = (k) => [box.left + (steps[2 * k] / 4095) * box.width, box.top + box.height * (1 - steps[2 * k + 1] / 4095)];
    let next = 0;
    ctx.globalAlpha = 0.6;
    for (const length of data.lineLengths) {
      stroke(Array.from({ length }, (_, k) => at(next + k)), "#d5dbe6");
      next += length;
    }
  }

  function paint({ box }, frame, state) {
    inside(box, () => drawLevels(box, frame * side * side, side, palette(state.scale)));
    if (state.lines) inside(box, () => drawLines(box));
    if (state.points) drawDots(box, near(frame), 0, 1, 3.2);
    if (state.motion) drawArrows(box, frame);
    drawFrame(box, { xLabel: data.columns[0], yLabel: data.columns[1], ...texts });
    const unit = data.degrees ? "square degree" : `unit of ${data.columns[0]} × ${data.columns[1]}`;
    drawColourBar(box.left + box.width + 14, box.top, box.height, state.scale, `density, per ${unit}`, data.largest);
  }

  function under({ box }, frame, x, y) {
    const col = Math.floor(((x - box.left) / box.width) * side), row = Math.floor(((box.top + box.height - y) / box.height) * side);
    if (col < 0 || row < 0 || col >= side || row >= side) return "";
    const density = data.largest * (levels[(frame * side + row) * side + col] / 255) ** data.root;
    const at = [xs[0] + ((x - box.left) / box.width) * (xs[1] - xs[0]), ys[0] + ((box.top + box.height - y) / box.height) * (ys[1] - ys[0])];
    const position = data.degrees
      ? `${compass(at[0], "EW", 2)} ${compass(at[1], "NS", 2)}`
      : `${data.columns[0]} ${written(at[0], 4)}, ${data.columns[1]} ${written(at[1], 4)}`;
    return `${position}: density ${written(density, 2)}`;
  }
  return { layout, paint, under };
}

function line() {
  const density = floats(data.density), velocity = floats(data.velocity), { count } = data;
  const xs = data.bounds[0];
  const at = (k) => xs[0] + (k / (count - 1)) * (xs[1] - xs[0]);
  const top = density.reduce((a, b) => Math.max(a, b), 0) * 1.15;
  const present = (k) => density[k] > 2e-3 * top;
  const sorted = [...velocity].filter((_, k) => present(k)).sort((a, b) => a - b);
  const quantile = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  const [slow, fast] = [Math.min(0, quantile(0.005)), Math.max(0, quantile(0.995))];
  const margin = 0.1 * (fast - slow) || 1;

  function layout(width, state) {
    const low = state.motion ? 150 : 0, speeds = [slow - margin, fast + margin];
    const left = Math.max(leftRoom([0, top], 320), low && leftRoom(speeds, low));
    const wide = width - left - Math.max(20, rightRoom(xs, width - left));
    return {
      height: 330 + (low ? low + 26 : 0) + 56,
      upper: makeBox(left, 10, wide, 320, xs, [0, top]),
      lower: low ? makeBox(left, 356, wide, low, xs, speeds) : null,
    };
  }

  function drawHistogram(box, found) {
    const BINS = Math.min(40, Math.max(5, Math.ceil(2 * Math.sqrt(found.length))));
    const bins = new Float64Array(BINS), width = (xs[1] - xs[0]) / BINS;
    for (const [i] of found) bins[Math.min(BINS - 1, Math.floor((coordinate(i, 0) - xs[0]) / width))]++;
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
        stroke([[box.x(coordinate(i, 0)), base], [box.x(coordinate(i, 0)), base - 11]], css("--series-2"), 1.2);
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
  const { side } = data, lines = floats(data.marginals), GAP = 10, SIZE = 11;

  function layout(width) {
    const size = (left, right) => Math.min((width - left - right - GAP * (dim - 1)) / dim, 300);
    const guess = size(88, 14);
    const left = Math.max(...data.bounds.slice(1).map((ys) => leftRoom(ys, guess, { size: SIZE })));
    const cell = size(left, Math.max(14, rightRoom(data.bounds[dim - 1], guess, { size: SIZE })));
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
        stroke([[box.x(coordinate(i, d)), box.y(0)], [box.x(coordinate(i, d)), box.y(0) - 8]], css("--series-2"));
      }
    });
  }

  function paint({ boxes }, frame, state) {
    const table = palette(state.scale), found = near(frame);
    for (const { row, col, k, box } of boxes) {
      if (k < 0) drawMarginal(box, frame, col, found, state);
      else inside(box, () => drawLevels(box, (frame * data.pairs.length + k) * side * side, side, table));
      if (k >= 0 && state.points) drawDots(box, found, col, row, 1.3);
      const last = row === dim - 1, first = col === 0 && row > 0;
      drawFrame(box, { xLabel: last ? data.columns[col] : "", yLabel: first ? data.columns[row] : "", xTicks: last, yTicks: k < 0 ? null : first, size: SIZE });
    }
  }
  return { layout, paint, under: () => "" };
}
