// From two airports and a date to the flights of that day.

import {airport, airports, get} from './api.js';
import {announce, field, h, select, showProblem} from './dom.js';
import {cabinName, clock, disruption, duration, longDate, money, moveDate, offsetText, plural, shortDate, today} from './format.js';

const CABINS = ['economy', 'premium_economy', 'business', 'first'];
const FEW_SEATS = 9;
const PROMISES = [
	['A seat of your own', 'You choose it on the map of the aircraft, and it is sold once.'],
	['Time to decide', 'Hold your seats without paying; the deadline is shown.'],
	['Clear when plans change', 'You see what you get back before you cancel.'],
];
const last = {origin: '', destination: '', date: moveDate(today(), 14), passengers: 1, cabin: ''};

const label = (one) => `${one.city}, ${one.name} (${one.iata})`;

// What was typed: a label of the list, a code, or a city or name with one airport.
function findAirport(list, typed) {
	const text = typed.trim().toLowerCase();
	const code = /\(([a-z]{3})\)$/.exec(text)?.[1] ?? text;
	const exact = list.find((one) => one.iata.toLowerCase() === code);
	if (exact || text === '') {
		return exact ?? null;
	}
	const close = list.filter((one) => label(one).toLowerCase().includes(text));
	return close.length === 1 ? close[0] : null;
}

function airportInput(name, list, iata) {
	const chosen = list.find((one) => one.iata === iata);
	return h('input', {
		name, list: 'airports', required: true, autocomplete: 'off', spellcheck: 'false',
		placeholder: 'City or airport code', value: chosen ? label(chosen) : '',
		oninput: (event) => event.target.setCustomValidity(''),
	});
}

function readAirport(input, list) {
	const found = findAirport(list, input.value);
	input.setCustomValidity(found ? '' : 'Choose an airport from the list, or type its three-letter code.');
	return found?.iata;
}

function submitSearch(event, list) {
	const form = event.target;
	const origin = readAirport(form.elements.origin, list);
	const destination = readAirport(form.elements.destination, list);
	event.preventDefault();
	if (origin && origin === destination) {
		form.elements.destination.setCustomValidity('Choose another airport than the one you leave from.');
	}
	if (!form.reportValidity()) {
		return;
	}
	const query = new URLSearchParams({
		origin, destination, date: form.elements.date.value,
		passengers: form.elements.passengers.value, cabin: form.elements.cabin.value,
	});
	location.hash = `#/flights?${query}`;
}

function searchForm(list) {
	const passengers = Array.from({length: 9}, (_, i) => [i + 1, plural(i + 1, 'passenger')]);
	const cabins = [['', 'Any cabin'], ...CABINS.map((code) => [code, cabinName(code)])];
	// The form checks the airports itself before the browser checks the rest.
	return h('form', {class: 'card', 'aria-label': 'Search flights', novalidate: true, onsubmit: (event) => submitSearch(event, list)},
		h('div', {class: 'fields'},
			field('From', airportInput('origin', list, last.origin), {size: 'half'}),
			field('To', airportInput('destination', list, last.destination), {size: 'half'}),
			field('Departure', h('input', {
				type: 'date', name: 'date', required: true, value: last.date, min: moveDate(today(), -1),
			}), {size: 'quarter'}),
			field('Passengers', select('passengers', passengers, last.passengers), {size: 'quarter'}),
			field('Cabin', select('cabin', cabins, last.cabin), {size: 'quarter'}),
			h('div', {class: 'field quarter end'}, h('button', {class: 'button main wide'}, 'Search flights'))),
		h('datalist', {id: 'airports'}, list.map((one) => h('option', {value: label(one)}))));
}

// The first view: from where, to where, when and for how many.
export async function searchView() {
	let list = [];
	try {
		list = await airports();
	} catch (error) {
		showProblem(error);
	}
	return {
		title: 'Search flights',
		nodes: [
			h('div', {class: 'hero'}, h('h1', {tabindex: '-1'}, 'Where would you like to go?'),
				h('p', {class: 'lead'}, 'Choose your own seats, hold them while you decide, pay when you are ready.')),
			searchForm(list),
			h('ul', {class: 'promises'}, PROMISES.map(([title, text]) => h('li', null, h('strong', null, title), text))),
		],
	};
}

function dayLinks(query) {
	const link = (days, text) => h('a', {
		class: 'button',
		href: `#/flights?${new URLSearchParams({...query, date: moveDate(query.date, days)})}`,
	}, text);
	return h('nav', {class: 'days', 'aria-label': 'Other days'},
		link(-1, `‹ ${shortDate(moveDate(query.date, -1))}`), link(1, `${shortDate(moveDate(query.date, 1))} ›`));
}

function cabinButton(flight, cabin, passengers) {
	const left = cabin.seats_available;
	const enough = left >= passengers;
	const leftText = left === 0 ? 'Sold out' : !enough ? `Only ${plural(left, 'seat')} left`
		: left <= FEW_SEATS ? `${plural(left, 'seat')} left` : `${left} seats`;
	return h('li', null, h('button', {
		class: 'cabin', disabled: !enough, type: 'button',
		onclick: () => {
			location.hash = `#/flights/${flight.flight_id}/seats?${new URLSearchParams({cabin: cabin.cabin_class, passengers})}`;
		},
	},
	h('span', {class: 'name'}, cabinName(cabin.cabin_class)),
	h('span', {class: 'price'}, cabin.price_from === null ? '–'
		: [h('span', {class: 'from'}, 'from '), money(cabin.price_from, flight.currency)]),
	h('span', {class: left <= FEW_SEATS ? 'left few' : 'left'}, leftText)));
}

function place(kind, local, airportOf, offset) {
	return h('div', {class: kind},
		h('time', {datetime: local}, clock(local)),
		offset ? h('span', {class: 'offset'}, offsetText(offset),
			h('span', {class: 'visually-hidden'}, Math.abs(offset) === 1 ? ' day' : ' days')) : null,
		h('span', {class: 'place'}, `${airportOf.city} (${airportOf.iata})`));
}

// The times of one flight; used by the later steps too.
export async function leg(flight) {
	const origin = await airport(flight.origin);
	const destination = await airport(flight.destination);
	return h('div', {class: 'leg'},
		h('h2', null, `${flight.flight_number}`, h('span', {class: 'muted'}, ` · aircraft ${flight.aircraft_code} · `
			+ `${flight.distance_km.toLocaleString('en')} km`)),
		disruption(flight) && h('p', {class: 'notice warn'}, disruption(flight)),
		place('depart', flight.scheduled_departure_local, origin, 0),
		h('div', {class: 'middle'}, duration(flight.duration_minutes)),
		place('arrive', flight.scheduled_arrival_local, destination, flight.arrival_day_offset));
}

async function flightCard(flight, passengers, wanted) {
	const cabins = flight.cabins.filter((cabin) => !wanted || cabin.cabin_class === wanted);
	return h('li', {class: 'card flight'}, await leg(flight),
		h('ul', {class: 'cabins', 'aria-label': `Cabins of ${flight.flight_number}, price for each passenger from`},
			cabins.map((cabin) => cabinButton(flight, cabin, passengers))));
}

// The flights of the day that the address names; what was asked is kept for the next search.
export async function flightsView(parameters) {
	const query = {
		origin: parameters.get('origin'), destination: parameters.get('destination'), date: parameters.get('date'),
		passengers: Number(parameters.get('passengers')) || 1, cabin: parameters.get('cabin') ?? '',
	};
	Object.assign(last, query);
	const [origin, destination, found] = await Promise.all([
		airport(query.origin), airport(query.destination),
		get('/v1/flights', {
			origin: query.origin, destination: query.destination, departure_date: query.date,
			passengers: query.passengers, cabin_class: query.cabin,
		})]);
	const flights = await Promise.all(found.flights.map((flight) => flightCard(flight, query.passengers, query.cabin)));
	announce(flights.length ? `${plural(flights.length, 'flight')} found` : 'No flights found');
	return {
		title: `${origin.city} to ${destination.city}`,
		step: 1,
		nodes: [
			h('h1', {tabindex: '-1'}, `${origin.city} to ${destination.city}`),
			h('p', {class: 'lead'}, `${longDate(query.date)} · ${plural(query.passengers, 'passenger')} · `,
				h('a', {href: '#/'}, 'Change search')),
			dayLinks(query),
			flights.length ? h('ul', {class: 'flights'}, flights)
				: h('p', {class: 'notice'}, 'No flights with enough free seats on this day. Try the day before or after, '
					+ 'another cabin, or fewer passengers.'),
		],
	};
}
