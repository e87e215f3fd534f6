// Names and e-mail, then the booking: held, or paid at once.

import {post} from './api.js';
import {busyWhile, field, h, select, showProblem} from './dom.js';
import {addMoney, cabinName, longDate, money} from './format.js';
import {draft} from './draft.js';
import {leg} from './search.js';
import {pay, shown} from './booking.js';

const TYPES = [['adult', 'Adult'], ['child', 'Child'], ['infant', 'Infant']];

const total = () => addMoney(draft.seats.map((seat) => seat.price));

function passengerFields(seat, index) {
	return h('fieldset', null,
		h('legend', null, `Passenger ${index + 1}, seat ${seat.seat_number}`),
		h('div', {class: 'fields'},
			field('Full name', h('input', {
				name: `name-${index}`, required: true, maxlength: '200', autocomplete: index === 0 ? 'name' : 'off', pattern: '.*\\S.*',
				title: 'The name as in the travel document',
			}), {size: 'two-thirds', help: index === 0 ? 'As in the travel document.' : null}),
			field('Type', select(`type-${index}`, TYPES, 'adult'), {size: 'third'})));
}

function slicesOf(form) {
	return [{
		flight_id: draft.flight.flight_id,
		passengers: draft.seats.map((seat, i) => ({
			name: form.elements[`name-${i}`].value.trim(), type: form.elements[`type-${i}`].value, seat: seat.seat_number,
		})),
	}];
}

// Makes the booking, then forgets the draft. What cannot be paid at once is held all the same.
async function book(form, payNow) {
	const email = form.elements.email.value.trim();
	const customer = {full_name: form.elements['name-0'].value.trim(), email};
	const booking = await post('/v1/bookings', {type: 'hold', customer, channel: 'web', contact: {email}, slices: slicesOf(form)});
	draft.clear();
	shown.set(booking, 'Your seats are held for you.');
	try {
		if (payNow) {
			shown.set(await pay(booking), 'Your booking is confirmed.');
		}
	} catch (error) {
		window.addEventListener('viewshown', () => showProblem(error), {once: true});
	}
	location.hash = `#/booking/${booking.booking_reference}`;
}

// Seats that someone else took meanwhile: back to the map, which then shows it.
function seatsGone(error) {
	const {flight, cabin, seats} = draft;
	location.hash = `#/flights/${flight.flight_id}/seats?${new URLSearchParams({cabin, passengers: seats.length})}`;
	window.addEventListener('viewshown', () => showProblem(error), {once: true});
}

// The Enter key in a field is no decision to pay: only a button sends the form.
function onChoice(event) {
	const button = event.target;
	const form = button.form;
	if (!form.reportValidity()) {
		return;
	}
	busyWhile(button, async () => {
		try {
			await book(form, button.value === 'instant');
		} catch (error) {
			if (error.code !== 'seat_unavailable') {
				throw error;
			}
			seatsGone(error);
		}
	});
}

// Asks who travels. Without chosen seats there is nothing to ask: back to the search.
export async function passengersView() {
	if (!draft.flight) {
		location.replace('#/');
		return null;
	}
	const form = h('form', {class: 'card', onsubmit: (event) => event.preventDefault()},
		draft.seats.map(passengerFields),
		h('fieldset', null, h('legend', null, 'Contact'),
			h('div', {class: 'fields'}, field('E-mail', h('input', {
				type: 'email', name: 'email', required: true, maxlength: '254', autocomplete: 'email',
			}), {size: 'two-thirds', help: 'For messages about this booking.'}))),
		h('div', {class: 'actions'},
			h('button', {type: 'button', class: 'button main', value: 'instant', onclick: onChoice}, `Pay ${money(total(), draft.flight.currency)} now`),
			h('button', {type: 'button', class: 'button', value: 'hold', onclick: onChoice}, 'Hold the seats, pay later')));
	return {
		title: 'Passengers',
		step: 3,
		nodes: [
			h('h1', {tabindex: '-1'}, 'Who is travelling?'),
			h('p', {class: 'lead'}, longDate(draft.flight.scheduled_departure_local)),
			h('div', {class: 'columns'}, form,
				h('div', {class: 'card aside'}, await leg(draft.flight), h('hr'),
					h('h2', null, cabinName(draft.cabin)),
					h('ul', {class: 'chosen'}, draft.seats.map((seat) => h('li', null, h('span', null, `Seat ${seat.seat_number}`),
						h('span', {class: 'amount'}, money(seat.price, draft.flight.currency))))),
					h('p', {class: 'sum'}, h('span', null, 'Total'),
						h('span', {class: 'amount'}, money(total(), draft.flight.currency))),
					h('p', {class: 'help'}, 'This is a demonstration: no card is charged.'))),
		],
	};
}
