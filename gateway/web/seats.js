// The seat map: each seat a button with a full name; the arrow keys move between seats, Tab leaves the map.

import {get} from './api.js';
import {announce, h} from './dom.js';
import {addMoney, cabinName, longDate, money, plural} from './format.js';
import {leg} from './search.js';
import {draft} from './draft.js';

const TRAITS = {W: 'window', A: 'aisle', E: 'exit row', K: 'bulkhead', L: 'extra leg room'};
const STATES = {available: 'available', held: 'held by someone', booked: 'taken', blocked: 'not for sale'};
const MARKS = {held: '◔', booked: '×', blocked: '–'};

const letterOf = (seat) => seat.seat_number.replace(/^\d+/, '');
const isFree = (seat) => seat.status === 'available';

function traits(seat) {
	const named = seat.characteristics.map((one) => TRAITS[one]).filter(Boolean);
	return seat.characteristics.some((one) => one === 'W' || one === 'A') ? named : ['middle', ...named];
}

function seatName(seat, row, currency) {
	const price = isFree(seat) ? [money(seat.price, currency)] : [];
	return [`Row ${row}`, `seat ${letterOf(seat)}`, ...traits(seat), STATES[seat.status] ?? seat.status, ...price].join(', ');
}

// What is chosen on this map, in the order it was chosen.
class Choice {
	constructor(flight, cabin, passengers, changed) {
		Object.assign(this, {flight, cabin, passengers, changed, seats: [], buttons: new Map()});
	}

	toggle(seat) {
		const at = this.seats.indexOf(seat);
		if (!isFree(seat)) {
			announce(`Seat ${seat.seat_number} is ${STATES[seat.status]}`);
			return;
		}
		if (at >= 0) {
			this.seats.splice(at, 1);
		} else {
			if (this.seats.length === this.passengers) {
				this.mark(this.seats.shift(), false);
			}
			this.seats.push(seat);
		}
		this.mark(seat, at < 0);
		this.tell();
	}

	mark(seat, pressed) {
		const button = this.buttons.get(seat);
		button.setAttribute('aria-pressed', String(pressed));
		button.textContent = pressed ? '✓' : letterOf(seat);
	}

	replace(seats) {
		this.seats.forEach((seat) => this.mark(seat, false));
		this.seats = seats;
		this.seats.forEach((seat) => this.mark(seat, true));
		this.tell();
	}

	tell() {
		announce(`${this.seats.length} of ${plural(this.passengers, 'seat')} chosen`
			+ (this.seats.length ? `: ${this.seats.map((seat) => seat.seat_number).join(', ')}` : ''));
		this.changed();
	}
}

function seatButton(choice, seat, row) {
	const free = isFree(seat);
	const extra = seat.characteristics.includes('L') ? ' extra' : '';
	const button = h('button', {
		type: 'button', class: `seat ${seat.status}${extra}`, tabindex: '-1',
		'aria-label': seatName(seat, row, choice.flight.currency),
		'aria-pressed': free ? 'false' : null, 'aria-disabled': free ? null : 'true',
		title: `${seat.seat_number} · ${free ? money(seat.price, choice.flight.currency) : STATES[seat.status]}`,
		'data-letter': letterOf(seat), 'data-seat': seat.seat_number,
		onclick: () => choice.toggle(seat),
	}, free ? letterOf(seat) : MARKS[seat.status] ?? '');
	choice.buttons.set(seat, button);
	return button;
}

// The row's number stands in its first aisle, or at the end where there is none.
function rowNode(choice, row) {
	const exit = row.sections.flat().some((seat) => seat.characteristics.includes('E'));
	const node = h('div', {
		class: exit ? 'row exit' : 'row', role: 'group', 'aria-label': `Row ${row.row}${exit ? ', exit row' : ''}`,
	}, h('span', {class: 'row-number', 'aria-hidden': 'true'}, row.row),
	row.sections.map((section) => h('div', {class: 'section'}, section.map((seat) => seatButton(choice, seat, row.row)))),
	h('span', {class: 'row-number', 'aria-hidden': 'true'}, row.row));
	return node;
}

function lettersNode(cabin) {
	const widest = cabin.rows.reduce((a, b) => (b.sections.flat().length > a.sections.flat().length ? b : a));
	return h('div', {class: 'row letters', 'aria-hidden': 'true'}, h('span', {class: 'row-number'}),
		widest.sections.map((section) => h('div', {class: 'section'},
			section.map((seat) => h('span', {class: 'letter'}, letterOf(seat))))),
		h('span', {class: 'row-number'}));
}

// The seat an arrow key leads to, or null. Up and down keep the letter as far as the next row has it.
function neighbour(rows, target, key) {
	const y = rows.findIndex((row) => row.includes(target));
	const x = rows[y].indexOf(target);
	const sideways = {ArrowLeft: x - 1, ArrowRight: x + 1, Home: 0, End: rows[y].length - 1}[key];
	if (sideways !== undefined) {
		return rows[y][sideways];
	}
	const next = rows[y + {ArrowUp: -1, ArrowDown: 1}[key]];
	return next?.find((button) => button.dataset.letter === target.dataset.letter)
		?? next?.[Math.min(x, next.length - 1)];
}

function onKey(event, map) {
	if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key)
		|| !event.target.matches('.seat')) {
		return;
	}
	const rows = [...map.querySelectorAll('.row[role=group]')].map((row) => [...row.querySelectorAll('.seat')]);
	const next = neighbour(rows, event.target, event.key);
	event.preventDefault();
	if (next) {
		moveStop(map, next);
		next.focus();
	}
}

// Exactly one seat is a Tab stop.
function moveStop(map, button) {
	map.querySelectorAll('.seat[tabindex="0"]').forEach((other) => other.setAttribute('tabindex', '-1'));
	button.setAttribute('tabindex', '0');
}

function mapNode(choice) {
	const map = h('div', {
		class: 'seat-map', role: 'group', 'aria-label': `Seats in ${cabinName(choice.cabin.cabin_class)}`,
		'aria-describedby': 'seat-help',
	}, lettersNode(choice.cabin), choice.cabin.rows.map((row) => rowNode(choice, row)));
	map.addEventListener('keydown', (event) => onKey(event, map));
	map.addEventListener('focusin', (event) => event.target.matches('.seat') && moveStop(map, event.target));
	moveStop(map, map.querySelector('.seat.available') ?? map.querySelector('.seat'));
	return map;
}

// The cheapest free seats side by side; where there is no such block, the cheapest free seats.
function suggestion(cabin, count) {
	const cost = (seats) => seats.reduce((sum, seat) => sum + Number(seat.price), 0);
	const blocks = cabin.rows.flatMap((row) => row.sections).flatMap((section) =>
		section.map((_, i) => section.slice(i, i + count)).filter((block) => block.length === count && block.every(isFree)));
	const free = cabin.rows.flatMap((row) => row.sections.flat()).filter(isFree);
	if (blocks.length) {
		return blocks.reduce((best, block) => (cost(block) < cost(best) ? block : best));
	}
	return free.sort((a, b) => Number(a.price) - Number(b.price)).slice(0, count);
}

function legendNode() {
	const item = (css, mark, text) => h('li', null, h('span', {class: `seat ${css}`, 'aria-hidden': 'true'}, mark), text);
	const pressed = h('li', null, h('span', {class: 'seat', 'aria-pressed': 'true', 'aria-hidden': 'true'}, '✓'), 'Your choice');
	const off = (css, mark, text) => {
		const node = item(css, mark, text);
		node.firstChild.setAttribute('aria-disabled', 'true');
		return node;
	};
	return h('ul', {class: 'legend', 'aria-label': 'Key'}, item('', 'A', 'Free'), item('extra', 'A', 'Extra leg room'), pressed,
		off('booked', '×', 'Taken'), off('held', '◔', 'Held'), off('blocked', '–', 'Not for sale'));
}

function summary(choice, node, button) {
	const total = addMoney(choice.seats.map((seat) => seat.price));
	const missing = choice.passengers - choice.seats.length;
	node.replaceChildren(
		h('h2', null, 'Your seats'),
		choice.seats.length
			? h('ul', {class: 'chosen'}, choice.seats.map((seat) => h('li', null,
				h('span', null, `Seat ${seat.seat_number}`, h('span', {class: 'muted'}, traits(seat).join(', '))),
				h('span', {class: 'amount'}, money(seat.price, choice.flight.currency)))))
			: h('p', {class: 'muted'}, 'None chosen yet.'),
		h('p', {class: 'sum'}, h('span', null, 'Total'), h('span', {class: 'amount'}, money(total, choice.flight.currency))));
	button.disabled = missing > 0;
	button.textContent = missing > 0 ? `Choose ${missing} more` : 'Continue to passengers';
}

function cabinTabs(map, chosen, id, passengers) {
	return h('nav', {class: 'tabs', 'aria-label': 'Cabin'}, map.cabins.map((cabin) => h('a', {
		class: cabin === chosen ? 'button main' : 'button', 'aria-current': cabin === chosen ? 'page' : null,
		href: `#/flights/${id}/seats?${new URLSearchParams({cabin: cabin.cabin_class, passengers})}`,
	}, cabinName(cabin.cabin_class))));
}

// The seat map of one cabin of a flight; as many seats must be chosen as there are passengers.
export async function seatsView(id, parameters) {
	const passengers = Math.min(Math.max(Number(parameters.get('passengers')) || 1, 1), 9);
	const [flight, map] = await Promise.all([get(`/v1/flights/${id}`), get(`/v1/flights/${id}/seat_map`)]);
	const cabin = map.cabins.find((one) => one.cabin_class === parameters.get('cabin')) ?? map.cabins.at(-1);
	const list = h('div');
	const next = h('button', {type: 'button', class: 'button main wide'});
	const choice = new Choice(flight, cabin, passengers, () => summary(choice, list, next));
	const node = mapNode(choice);

	next.addEventListener('click', () => {
		draft.start(flight, cabin.cabin_class, choice.seats);
		location.hash = '#/passengers';
	});
	summary(choice, list, next);
	return {
		title: 'Choose your seats',
		step: 2,
		nodes: [
			h('h1', {tabindex: '-1'}, 'Choose your seats'),
			h('p', {class: 'lead'}, `${longDate(flight.scheduled_departure_local)} · ${plural(passengers, 'passenger')}`),
			h('div', {class: 'columns'},
				h('div', {class: 'card'}, cabinTabs(map, cabin, id, passengers), legendNode(),
					h('p', {class: 'help', id: 'seat-help'}, 'With the keyboard: arrow keys move, Space chooses, Tab leaves the map.'),
					node),
				h('div', {class: 'card aside'}, await leg(flight), h('hr'), list,
					h('div', {class: 'actions'},
						h('button', {
							type: 'button', class: 'button wide', onclick: () => choice.replace(suggestion(cabin, passengers)),
						}, 'Choose for me'), next))),
		],
	};
}
