// Reads values off the pictures at a time: their paths are in rows and units, so that the drawing is the data. Says when the page
// is old, and loads it again while nothing is being read. Without this script everything but that is there.
(() => {
  'use strict';
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const days = 'Sun Mon Tue Wed Thu Fri Sat'.split(' '), months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

  // The beginning of a row by the server's clock, which may change within a picture: `zone` has how many seconds it is ahead of
  // UTC, then each change and how many it is ahead from then on.
  const time = (p, n) => {
    const start = p.start + n * p.row, at = p.row < 86400 ? start : start + p.row / 2;
    let east = p.zone[0];
    for (let i = 1; i < p.zone.length && p.zone[i] <= at; i += 2) east = p.zone[i + 1];
    const date = new Date((at + east) * 1000), day = days[date.getUTCDay()] + ' ' + date.getUTCDate();
    return p.row >= 86400 ? day + ' ' + months[date.getUTCMonth()] : (p.row >= 1800 ? day + ' ' : '') + date.toISOString().slice(11, 16);
  };

  // The steps of a path: M x y begins, V y is the value, v n raises it, h n goes on over n rows; to the left there is no value.
  const read = (path, rows) => {
    const values = new Float64Array(rows).fill(NaN);
    let [x, y] = [0, 0];
    for (const [, command, a, b] of path.getAttribute('d').matchAll(/([MVvh])(-?\d+)(?: (-?\d+))?/g)) {
      if (command === 'M') [x, y] = [+a, +b];
      else if (command === 'V' || command === 'v') y = +a + (command === 'v' ? y : 0);
      else if (a < 0) x += +a;
      else values.fill(y, x, x += +a);
    }
    return values;
  };

  // As the program writes numbers: groups of three digits, and from a million on a prefix of the SI.
  const number = (units, p) => {
    const digits = Math.round(Math.abs(units) / 10 ** Math.max(0, -p.exponent - p.decimals));
    const size = p.exponent < 0 ? digits / 10 ** Math.min(p.decimals, -p.exponent) : digits * 10 ** p.exponent;
    const [one, prefix] = [[1e15, ' P'], [1e12, ' T'], [1e9, ' G'], [1e6, ' M']].find(([unit]) => size >= unit) || [1, ''];
    const short = size / one, text = short.toFixed(one === 1 ? p.decimals : short >= 99.95 ? 0 : short >= 9.995 ? 1 : 2);
    return (units < 0 && digits ? '-' : '') + text.replace(/\d(?=(\d{3})+(\.|$))/g, '$&,') + prefix;
  };

  // The value of a cell: the sum of its paths, each without what it stands on.
  const value = (p, cell, row) => {
    p.paths ||= all('svg path', p.plot).map(path => ({ on: path.dataset.on, values: read(path, p.rows) }));
    const parts = cell.dataset.p.split(' ').map(n => {
      let below = p.paths[n].on;
      while (below && Number.isNaN(p.paths[below].values[row])) below = p.paths[below].on;
      return p.paths[n].values[row] - (below ? p.paths[below].values[row] : 0);
    }).filter(part => !Number.isNaN(part));
    return parts.length ? number(parts.reduce((a, b) => a + b), p) : '–';
  };
  // All pictures of one period are read together, by the rows of the one that has the most; `at` is the row that is read, or none.
  const groups = new Map();
  const own = (p, row) => Math.floor((row + .5) * p.rows / p.group.rows);
  const say = (group, row, text) => {
    if (!group.input) return;
    group.input.value = row;
    group.output.textContent = time(group.finest, row);
    group.input.setAttribute('aria-valuetext', group.output.textContent + text);
  };
  const go = (group, wanted) => {
    const row = group.at = Math.max(0, Math.min(group.rows - 1, wanted));
    for (const p of group.plots) {
      p.cursor.hidden = false;
      p.cursor.style.left = (row + .5) / group.rows * 100 + '%';
      p.cursor.style.setProperty('--f', row / group.rows);
      p.cursor.dataset.t = time(p, own(p, row));
      for (const head of p.heads) head.textContent = p.cursor.dataset.t;
      for (const cell of p.cells) cell.textContent = cell.dataset.p ? value(p, cell, own(p, row)) : '';
    }
    const spoken = group.plots.length > 1 ? [] : group.plots[0].cells.filter(cell => cell.dataset.p);
    say(group, row, spoken.map(cell => `, ${cell.parentNode.cells[0].textContent.trim()} ${cell.textContent}`).join(''));
  };
  const end = group => {
    group.at = null;
    for (const { cursor, written } of group.plots) cursor.hidden = true, written.forEach(([cell, text]) => { cell.textContent = text; });
    say(group, Math.max(...group.plots.map(p => Math.ceil(p.newest * group.rows / p.rows))) - 1, '');
  };
  for (const plot of all('.plot[data-n]')) {
    const { g, t, s, n, i, e, d, z } = plot.dataset, figure = plot.closest('figure');
    const group = groups.get(g) || { plots: [], rows: 0, at: null }, cursor = document.createElement('div');
    groups.set(g, group);
    const heads = all('th.at', figure), cells = all('td.at', figure), written = [...heads, ...cells].map(cell => [cell, cell.textContent]);
    const p = { group, plot, cursor, heads, cells, written, start: +t, row: +s, rows: +n, exponent: +e, decimals: +d, zone: z.split(' ').map(Number) };
    group.plots.push(Object.assign(p, { newest: +i + 1 || 1 }));
    if (p.rows > group.rows) Object.assign(group, { rows: p.rows, finest: p });
    plot.append(Object.assign(cursor, { className: 'cursor', hidden: true }));
    const point = event => {
      const box = plot.getBoundingClientRect(), is = event.type === 'pointerdown' || event.pointerType === 'mouse' || event.buttons;
      if (is) go(group, Math.floor((event.clientX - box.left) / box.width * group.rows));
    };
    for (const type of ['pointermove', 'pointerdown']) plot.addEventListener(type, point);
  }
  for (const bar of all('.scrub')) {
    const group = groups.get(bar.dataset.g);
    if (!group) continue;
    group.output = bar.querySelector('output');
    group.input = Object.assign(bar.querySelector('input'), { min: 0, max: group.rows - 1, step: 1 });
    group.input.addEventListener('input', () => go(group, +group.input.value));
    end(group);
    bar.hidden = false;
  }
  document.addEventListener('keydown', event => { if (event.key === 'Escape') groups.forEach(end); });
  // The period that was chosen stays when the page is loaded again, and can be linked to.
  const periods = all('input[name=period]');
  const named = () => periods.find(radio => '#' + radio.value === location.hash);
  const choose = radio => { if (radio) radio.checked = true; };
  for (const radio of periods) radio.addEventListener('change', () => history.replaceState(null, '', '#' + radio.value));
  addEventListener('hashchange', () => choose(named())), choose(named() || periods.find(radio => radio.defaultChecked));
  // What no server can say of a file: that it is old.
  const made = document.querySelector('time.made'), box = document.querySelector('.stale');
  const look = () => {
    const minutes = Math.floor((Date.now() - new Date(made.dateTime)) / 60000);
    const [one, word] = minutes < 120 ? [1, 'minutes'] : minutes < 2880 ? [60, 'hours'] : [1440, 'days'];
    document.body.classList.toggle('old', minutes > 15);
    if (box) box.hidden = !(minutes > 15);
    if (box) box.querySelector('b').textContent = `${Math.floor(minutes / one)} ${word}`;
  };
  if (made) setInterval(look, 60000), look();
  const isRead = () => [...groups.values()].some(group => group.at !== null) || document.querySelector('details[open]');
  setInterval(() => { if (!isRead()) location.reload(); }, (document.body.dataset.refresh || 300) * 1000);
})();
