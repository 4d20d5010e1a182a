// Draws figures by day where a page has a place for them. Beside each stands a table with the same figures.

(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // Told apart by their strokes, too.
  const dashes = [undefined, [6, 4], [2, 3]];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const drawing = (place, figures) => {
    const lines = JSON.parse(place.dataset.lines);
    const bars = place.dataset.drawn === "bars";
    const axis = {
      stroke: colour("--soft"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    const series = lines.map(([, label, tone], at) => ({
      label,
      stroke: colour(`--${tone}`),
      width: 2,
      points: { show: !bars && figures.atSeconds.length < 40, size: 5 },
      ...(bars ? { paths: uPlot.paths.bars({ size: [0.6, 48] }), fill: colour(`--${tone}-soft`) } : {}),
      ...(dashes[at] === undefined ? {} : { dash: dashes[at] }),
    }));
    const width = place.clientWidth;
    const day = 86_400;
    const half = bars ? day / 2 : 0;
    return new uPlot(
      {
        width,
        height: Math.max(180, Math.min(300, width / 3)),
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        scales: {
          x: { range: (_, least, most) => [least - half, most + half] },
          y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] },
        },
        axes: [
          {
            ...axis,
            incrs: [1, 2, 3, 7, 14].map((days) => days * day),
            values: (_, days) => days.map((one) => new Date(one * 1000).toISOString().slice(5, 10)),
            space: 70,
          },
          {
            ...axis,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000, 50000, 100000],
            size: 56,
          },
        ],
        series: [{ label: "Day", value: "{YYYY}-{MM}-{DD}" }, ...series],
      },
      [figures.atSeconds, ...lines.map(([name]) => figures[name])],
      place,
    );
  };

  const begin = async (place) => {
    const answer = await fetch(place.dataset.from, { credentials: "same-origin" });
    if (!answer.ok) return;
    const figures = await answer.json();
    place.hidden = false;
    let plot = drawing(place, figures);
    const again = () => {
      plot.destroy();
      plot = drawing(place, figures);
    };
    dark.addEventListener("change", again);
    let last = place.clientWidth;
    new ResizeObserver(() => {
      if (place.clientWidth === last) return;
      last = place.clientWidth;
      again();
    }).observe(place);
  };
  // Without it the table is there.
  for (const place of document.querySelectorAll("[data-from]")) begin(place).catch(() => undefined);
})();
