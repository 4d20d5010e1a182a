// Draws the sign-ins of the last days where a page has a place for them. Beside it stands a table with the same figures.

(() => {
  const place = document.getElementById("plot");
  if (place === null) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let plot;
  let figures;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const draw = () => {
    plot?.destroy();
    const axis = {
      stroke: colour("--soft"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    const line = (label, name, dash) => ({
      label,
      stroke: colour(name),
      width: 2,
      points: { show: figures.atSeconds.length < 40, size: 5 },
      ...(dash === undefined ? {} : { dash }),
    });
    const width = place.clientWidth;
    plot = new uPlot(
      {
        width,
        height: Math.max(180, Math.min(300, width / 3)),
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        scales: { y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] } },
        axes: [
          {
            ...axis,
            values: (_, days) => days.map((day) => new Date(day * 1000).toISOString().slice(5, 10)),
            space: 70,
          },
          {
            ...axis,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000, 50000, 100000],
            size: 56,
          },
        ],
        // Told apart by their strokes, too.
        series: [
          { label: "Day", value: "{YYYY}-{MM}-{DD}" },
          line("Online", "--accent"),
          line("Offline", "--good", [6, 4]),
          line("Refused or locked", "--bad", [2, 3]),
        ],
      },
      [figures.atSeconds, figures.online, figures.offline, figures.failed],
      place,
    );
  };

  const begin = async () => {
    const answer = await fetch(place.dataset.from, { credentials: "same-origin" });
    if (!answer.ok) return;
    figures = await answer.json();
    place.hidden = false;
    draw();
    dark.addEventListener("change", draw);
    let last = place.clientWidth;
    new ResizeObserver(() => {
      if (place.clientWidth === last) return;
      last = place.clientWidth;
      draw();
    }).observe(place);
  };
  // Without it the table is there.
  begin().catch(() => undefined);
})();
