// Reports of the reports database: a drawing and, with the same numbers, a table.

import {credential, get} from './api.js';
import {announce, busyWhile, byId, field, h, select, showProblem, svg} from './dom.js';
import {moment, money, words} from './format.js';

// What is drawn of the reports we know; of others the first column of numbers.
const DRAWN = {
	'load-factor': {value: 'load_factor', label: 'group_key', percent: true, sorted: true, group: 'route'},
	revenue: {value: 'net_revenue', label: 'group_key', sorted: false, group: 'month'},
	'booking-curve': {value: 'booked_load', label: 'days_before', percent: true, sorted: false, group: 'total'},
};
const MOST_BARS = 20;
const BAR = {height: 22, gap: 6, letter: 9, widest: 760};

const isNumber = (value) => value !== null && value !== '' && Number.isFinite(Number(value));

function drawing(report, {rows, columns, parameters}) {
	const known = DRAWN[report] ?? {};
	const value = known.value ?? columns.find((name) => rows.every((row) => isNumber(row[name])));
	const label = known.label ?? columns[0];
	const drawn = rows.filter((row) => isNumber(row[value]));
	if (known.sorted && !['date', 'month'].includes(parameters.group_by)) { // time has an order of its own
		drawn.sort((a, b) => Number(b[value]) - Number(a[value]));
	}
	return {value, label, percent: known.percent ?? false, rows: drawn.slice(0, MOST_BARS), left: drawn.length - MOST_BARS};
}

const heading = (name) => ({ask: 'ASK', rpk: 'RPK'}[name] ?? words(name));

const percent = (value) => `${(Number(value) * 100).toFixed(1)} %`;

function shownValue(name, row) {
	const value = row[name];
	if (value === null) {
		return '–';
	}
	if (/load/.test(name)) {
		return percent(value);
	}
	if (/revenue|amount|refunds|penalties/.test(name)) {
		return money(value, row.currency);
	}
	return typeof value === 'number' ? value.toLocaleString('en') : String(value);
}

const barLabel = (chart, row) => (chart.label === 'days_before' ? `D−${row[chart.label]}` : String(row[chart.label]));

// Drawn at the width there is, so that the letters keep their size on a telephone.
function layout(chart) {
	const width = (texts) => Math.ceil(Math.max(...texts.map((text) => text.length)) * BAR.letter) + 8;
	const label = width(chart.rows.map((row) => barLabel(chart, row)));
	const value = width(chart.rows.map((row) => shownValue(chart.value, row)));
	const whole = Math.min(BAR.widest, Math.max(260, byId('view').clientWidth - 64));
	return {label, whole, room: Math.max(whole - label - value, 40)};
}

function barNodes(chart, row, index, most, {label, room}) {
	const y = index * (BAR.height + BAR.gap);
	const share = most === 0 ? 0 : Math.abs(Number(row[chart.value])) / most;
	const middle = y + BAR.height / 2 + 5;
	return [
		svg('text', {x: label - 8, y: middle, 'text-anchor': 'end'}, barLabel(chart, row)),
		svg('rect', {class: 'track', x: label, y, width: room, height: BAR.height, rx: 4}),
		svg('rect', {
			class: Number(row[chart.value]) < 0 ? 'bar below' : 'bar', x: label, y,
			width: Math.max(share * room, 1).toFixed(1), height: BAR.height, rx: 4,
		}),
		svg('text', {x: label + room + 8, y: middle}, shownValue(chart.value, row)),
	];
}

function barsNode(title, chart) {
	const height = chart.rows.length * (BAR.height + BAR.gap);
	const most = chart.percent ? 1 : Math.max(...chart.rows.map((row) => Math.abs(Number(row[chart.value]))));
	const space = layout(chart);
	return h('figure', {class: 'figure'},
		svg('svg', {
			class: 'bars', viewBox: `0 0 ${space.whole} ${height}`, width: space.whole, height, role: 'img',
			'aria-label': `${title}: bars of ${heading(chart.value).toLowerCase()}. The table below holds the same numbers.`,
		}, chart.rows.map((row, i) => barNodes(chart, row, i, most, space))),
		chart.left > 0 && h('figcaption', {class: 'help'}, `The first ${MOST_BARS} are drawn; ${chart.left} more are in the table.`));
}

function tableNode(title, answer) {
	const numeric = answer.columns.filter((name) => answer.rows.length && answer.rows.every((row) => row[name] === null || isNumber(row[name])));
	const cell = (name, row, i) => h(i === 0 ? 'th' : 'td', {scope: i === 0 ? 'row' : null, class: numeric.includes(name) ? 'number' : null},
		shownValue(name, row));
	return h('div', {class: 'scroll tall', tabindex: '0', role: 'region', 'aria-label': `${title}, table`}, h('table', null,
		h('caption', null, `${answer.rows.length} rows`),
		h('thead', null, h('tr', null, answer.columns.map((name) =>
			h('th', {scope: 'col', class: numeric.includes(name) ? 'number' : null},
				heading(name === 'group_key' ? answer.parameters.group_by : name))))),
		h('tbody', null, answer.rows.map((row) => h('tr', null, answer.columns.map((name, i) => cell(name, row, i)))))));
}

// Gives the browser a file to keep. A link alone would ask for it without the key.
function save(name, text) {
	const url = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
	h('a', {href: url, download: name}).click();
	URL.revokeObjectURL(url);
}

function answerNodes(entry, answer, parameters) {
	const chart = drawing(entry.name, answer);
	const download = async () => save(`${entry.name}.csv`, await get(`/v1/reports/${entry.name}`, {...parameters, format: 'csv'}));
	return [
		h('p', {class: 'muted'}, answer.freshness ? `Data as of ${moment(answer.freshness)}. ` : '',
			h('button', {type: 'button', class: 'link', onclick: (event) => busyWhile(event.target, download)}, 'Download as CSV')),
		answer.rows.length ? [barsNode(entry.title, chart), tableNode(entry.title, answer)]
			: h('p', {class: 'notice'}, 'No data for this choice.'),
	];
}

function filledValues(form) {
	return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()])
		.filter(([, value]) => value !== ''));
}

function control(parameter, report) {
	if (parameter.values) {
		return field(words(parameter.name), select(parameter.name, parameter.values.map((value) => [value, words(value)]),
			DRAWN[report]?.group), {size: 'quarter'});
	}
	const type = ['from', 'to'].includes(parameter.name) ? 'date' : 'text';
	const pattern = type === 'text' ? '[A-Z]{3}' : null;
	return field(words(parameter.name), h('input', {
		type, name: parameter.name, pattern, maxlength: pattern ? '3' : null, placeholder: pattern ? 'e.g. LHR' : null,
		title: parameter.description,
	}), {size: 'quarter'});
}

function reportSection(entry) {
	const output = h('div', {class: 'output', 'aria-live': 'off'});
	const form = h('form', null, h('div', {class: 'fields'},
		entry.parameters.filter((one) => one.name !== 'format').map((one) => control(one, entry.name)),
		h('div', {class: 'field quarter end'}, h('button', {class: 'button wide'}, 'Show'))));
	const run = async () => {
		const parameters = filledValues(form);
		const answer = await get(`/v1/reports/${entry.name}`, parameters);
		output.replaceChildren(...answerNodes(entry, answer, parameters).flat());
		announce(`${entry.title}: ${answer.rows.length} rows`);
	};
	form.addEventListener('submit', (event) => {
		event.preventDefault();
		busyWhile(form.querySelector('button'), run);
	});
	return {
		node: h('section', {class: 'card', 'aria-labelledby': `report-${entry.name}`},
			h('h2', {id: `report-${entry.name}`}, entry.title), h('p', {class: 'muted'}, entry.description), form, output),
		run,
	};
}

// Asks for a key: reports are not for everybody.
function keyView() {
	const onsubmit = (event) => {
		event.preventDefault();
		credential.set('reports', event.target.elements.key.value.trim());
		window.dispatchEvent(new HashChangeEvent('hashchange'));
	};
	return {
		title: 'Reports',
		nodes: [
			h('h1', {tabindex: '-1'}, 'Reports'),
			h('p', {class: 'lead'}, 'Reports are for analysts. This tab keeps the key until it is closed.'),
			h('form', {class: 'card', onsubmit}, h('div', {class: 'fields'},
				field('API key', h('input', {type: 'password', name: 'key', required: true, autocomplete: 'off', spellcheck: 'false'}),
					{help: 'One with the role analyst.'})),
			h('div', {class: 'actions'}, h('button', {class: 'button main'}, 'Show reports'))),
		],
	};
}

// The report of that name, or the first of the list, with its figures already there.
export async function reportsView(name) {
	if (!credential.get('reports')) {
		return keyView();
	}
	let reports;
	try {
		({reports} = await get('/v1/reports'));
	} catch (error) {
		if (!['credential_invalid', 'not_allowed'].includes(error.code)) {
			throw error;
		}
		credential.drop('reports');
		window.addEventListener('viewshown', () => showProblem(error), {once: true});
		return keyView();
	}
	const entry = reports.find((one) => one.name === name) ?? reports[0];
	const section = reportSection(entry);
	await section.run();
	return {
		title: `Reports: ${entry.title}`,
		nodes: [
			h('h1', {tabindex: '-1'}, 'Reports'),
			h('p', {class: 'lead'}, 'Drawn from the warehouse of the reports database.'),
			h('nav', {class: 'tabs', 'aria-label': 'Report'}, reports.map((one) => h('a', {
				class: one === entry ? 'button main' : 'button', 'aria-current': one === entry ? 'page' : null,
				href: `#/reports/${one.name}`,
			}, one.title))),
			section.node,
		],
	};
}
