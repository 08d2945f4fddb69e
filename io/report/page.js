'use strict';
// Moves the month and the choices. What it shows is in the page: figures by month in the tables, those by zone in the element data.
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const data = JSON.parse($('#data').textContent);
  const plain = (n, places) => n === null ? '–' : n.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places }).replace('-', '−');

  // decode reads what encode of the program writes.
  function decode(text, cells, months) {
    const bytes = atob(text), values = new Array(cells * months);
    let at = 0;
    for (let i = 0; i < cells; i++) {
      let before = 0;
      for (let m = 0; m < months; m++) {
        let n = 0, scale = 1, b;
        do {
          b = bytes.charCodeAt(at++);
          n += (b & 127) * scale;
          scale *= 128;
        } while (b > 127);
        if (n === 0) { values[i * months + m] = null; continue; }
        n -= 1;
        before += n % 2 ? -(n + 1) / 2 : n / 2;
        values[i * months + m] = before;
      }
    }
    return values;
  }

  const followers = []; // what is told of a new month
  function setMonth(name) {
    for (const f of followers) if (f.months.includes(name)) f.show(f.months.indexOf(name));
  }

  function cubeOf(cube) {
    const root = $('#cube-' + cube.id), months = cube.months.length;
    const decoded = cube.data.map(of => of.map(() => null));
    const raw = (g, m) => decoded[g][m] ??= decode(cube.data[g][m], cube.cells.length, months);
    const value = (g, m, i, month) => {
      const minus = cube.measures[m].minus;
      if (!minus) return raw(g, m)[i * months + month];
      const a = value(g, minus[0], i, month), b = value(g, minus[1], i, month);
      return a === null || b === null ? null : a - b;
    };
    const state = { group: 0, measure: 0, month: months - 1, open: false };
    const shown = (m, v) => plain(v === null ? null : v / 10 ** cube.measures[m].places, cube.measures[m].places);
    const colour = v => {
      if (v === null) return 'none';
      const m = cube.measures[state.measure], real = v / 10 ** m.places;
      return (m.minus ? 'd' : 'q') + (m.breaks[state.group] || []).filter(b => real >= b).length;
    };
    const name = cell => cell.sub ? `${cell.label}, ${cell.sub}` : cell.label;
    const short = (v, places) => v.toLocaleString('en-US', { maximumFractionDigits: places }).replace('-', '−');

    // onMap tells whether a group has figures of zones on the map: those of another city have none.
    const onMap = group => cube.cells.some((c, i) => c.shape && cube.months.some((_, month) => cube.measures.some((_, m) => value(group, m, i, month) !== null)));

    function legend() {
      const m = cube.measures[state.measure], breaks = m.breaks[state.group] || [];
      const list = $('.legend', root);
      if (!list) return;
      list.replaceChildren();
      for (let i = 0; i <= breaks.length; i++) {
        const item = document.createElement('li'), swatch = document.createElement('b');
        swatch.className = (m.minus ? 'd' : 'q') + i;
        const plus = m.minus && breaks[i - 1] > 0 ? '+' : '';
        item.append(swatch, breaks.length === 0 ? 'all' : i === 0 && m.places === 0 && breaks[0] === 1 ? '0' : i === 0 ? 'below ' + short(breaks[0], m.places) : m.minus && i < breaks.length
          ? `${plus}${short(breaks[i - 1], m.places)} to ${breaks[i] > 0 ? '+' : ''}${short(breaks[i], m.places)}` : (m.minus ? '+' : '') + short(breaks[i - 1], m.places) + (m.minus ? ' and more' : '+'));
        list.append(item);
      }
    }

    function ranking(values) {
      const signed = cube.measures[state.measure].minus, order = [];
      values.forEach((v, i) => { if (v !== null) order.push(i); });
      order.sort((a, b) => (signed ? Math.abs(values[b]) - Math.abs(values[a]) : values[b] - values[a]) || a - b);
      const body = $('.top tbody', root);
      body.replaceChildren(...order.map((i, n) => {
        const row = document.createElement('tr'), head = document.createElement('th'), label = document.createElement('bdi');
        row.dataset.cell = i;
        row.hidden = n >= 12 && !state.open;
        head.scope = 'row';
        label.textContent = cube.cells[i].label;
        head.append(label);
        if (cube.cells[i].sub) {
          const sub = document.createElement('small'), inner = document.createElement('bdi');
          inner.textContent = cube.cells[i].sub;
          sub.append(inner);
          head.append(' ', sub);
        }
        row.append(head);
        cube.measures.forEach((_, m) => {
          const cell = document.createElement('td');
          cell.textContent = shown(m, value(state.group, m, i, state.month));
          row.append(cell);
        });
        return row;
      }));
      const button = $('.all', root);
      button.hidden = order.length <= 12;
      button.textContent = state.open ? 'Show the first 12 zones' : `Show all ${order.length} zones`;
    }

    function hours(values) {
      all('.hours tbody tr', root).forEach((row, h) => all('td', row).forEach((cell, d) => { cell.textContent = shown(state.measure, values[d * 24 + h]); }));
    }

    function draw() {
      const values = cube.cells.map((_, i) => value(state.group, state.measure, i, state.month));
      for (const shape of all('svg [data-cell]', root)) shape.setAttribute('class', colour(values[shape.dataset.cell]));
      legend();
      if (cube.kind === 'map') ranking(values); else hours(values);
      const picture = $('.picture', root);
      if (picture && cube.kind === 'map') picture.hidden = !onMap(state.group);
      const sum = $('.sum', root), m = cube.measures[state.measure], total = values.reduce((a, v) => a + (v ?? 0), 0);
      if (sum) sum.textContent = values.every(v => v === null) ? 'No trips in this month.' : m.unit && !m.minus ? `${plain(total, 0)} ${m.unit.replace('the zone', 'a zone')}` : m.unit || m.label;
    }

    const slider = $('[name=month]', root);
    const show = month => {
      state.month = month;
      if (slider) {
        slider.value = month;
        slider.setAttribute('aria-valuetext', cube.months[month]);
        $('.slider output', root).textContent = cube.months[month];
      }
      draw();
    };
    followers.push({ months: cube.months, show });
    const form = $('form', root);
    form.addEventListener('submit', event => event.preventDefault());
    form.addEventListener('input', event => {
      const { name, value: chosen } = event.target;
      if (name === 'month') return setMonth(cube.months[chosen]);
      state[name] = +chosen;
      draw();
    });
    const button = $('.all', root);
    if (button) button.addEventListener('click', () => { state.open = !state.open; draw(); });
    root.addEventListener('pointerover', event => {
      const at = event.target.closest('[data-cell]');
      for (const on of all('.on', root)) on.classList.remove('on');
      if (!at) return;
      const i = at.dataset.cell, shape = $(`svg [data-cell="${i}"]`, root), row = $(`tr[data-cell="${i}"]`, root);
      if (shape) { shape.classList.add('on'); if (cube.kind === 'map') shape.parentNode.append(shape); }
      if (row) row.classList.add('on');
      const figures = cube.kind === 'map' ? cube.measures.map((m, n) => `${m.label} ${shown(n, value(state.group, n, i, state.month))}`).join(' · ')
        : `${cube.measures[state.measure].label} ${shown(state.measure, value(state.group, state.measure, i, state.month))}`;
      const pointed = $('.pointed', root);
      if (pointed) pointed.textContent = `${name(cube.cells[i])}: ${figures}`;
    });
    draw();
  }

  // The figures by month: those of the month are copied from the tables of the charts.
  const slider = $('#month'), charts = all('#months .chart');
  const cursors = all('#months .chart .cursor, #quality .chart .cursor');
  function showMonth(month) {
    slider.value = month;
    slider.setAttribute('aria-valuetext', data.months[month]);
    $('.now output').textContent = data.months[month];
    for (const cursor of cursors) {
      cursor.hidden = false;
      cursor.style.left = 100 * data.at[month] + '%';
    }
    charts.forEach((chart, figure) => {
      const cells = all('td', $('tbody', chart).rows[month]);
      all('#now tbody tr').forEach((row, taxi) => { $$td(row)[figure].textContent = cells[taxi].textContent; });
    });
  }
  const $$td = row => all('td', row);
  if (slider) {
    followers.push({ months: data.months, show: showMonth });
    slider.addEventListener('input', () => setMonth(data.months[slider.value]));
    for (const area of all('#months .area')) {
      area.addEventListener('pointermove', event => {
        const box = area.getBoundingClientRect(), at = (event.clientX - box.left) / box.width;
        let nearest = 0;
        data.at.forEach((place, i) => { if (Math.abs(place - at) < Math.abs(data.at[nearest] - at)) nearest = i; });
        setMonth(data.months[nearest]);
      });
    }
    showMonth(data.months.length - 1);
  }
  for (const form of all('form')) form.addEventListener('submit', event => event.preventDefault());
  for (const cube of data.cubes || []) cubeOf(cube);
})();
