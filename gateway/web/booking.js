// A booking: retrieve it by reference and name, see it, pay it, cancel it.

import {ApiError, credential, get, post, serverNow} from './api.js';
import {announce, busyWhile, field, h} from './dom.js';
import {cabinName, clock, disruption, mediumDate, moment, money, words} from './format.js';

const KEPT = 'booking';

// The booking on the page. Its address holds only the reference; the tab keeps which one it is, and its token, so that it is there
// again after a reload. In another tab the name is asked for again.
export const shown = {
	booking: null,
	message: null,

	set(booking, message = null) {
		this.booking = booking;
		this.message = message;
		sessionStorage.setItem(KEPT, JSON.stringify({reference: booking.booking_reference, id: booking.booking_id}));
	},

	async restore(reference) {
		const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}');
		if (this.booking?.booking_reference === reference || kept.reference !== reference) {
			return;
		}
		try {
			this.set(await get(`/v1/bookings/${kept.id}`));
		} catch {
			sessionStorage.removeItem(KEPT);
			credential.drop('booking');
		}
	},
};

const LAPSE_PAUSE = 1500;

let countdown = null;

// Ends the clock of a hold: its view is left, or its time has passed.
export function stopCountdown() {
	clearInterval(countdown);
	countdown = null;
}

function retrieveForm(reference) {
	const find = async (form) => {
		const found = await post('/v1/booking_tokens', {
			booking_reference: form.elements.booking_reference.value.trim().toUpperCase(),
			last_name: form.elements.last_name.value.trim(),
		});
		credential.set('booking', found.booking_token);
		const booking = await get(`/v1/bookings/${found.booking_id}`);
		shown.set(booking);
		if (location.hash === `#/booking/${booking.booking_reference}`) {
			window.dispatchEvent(new HashChangeEvent('hashchange'));
		} else {
			location.hash = `#/booking/${booking.booking_reference}`;
		}
	};
	const onsubmit = (event) => {
		event.preventDefault();
		busyWhile(event.target.querySelector('button'), () => find(event.target));
	};
	return h('form', {class: 'card', onsubmit}, h('div', {class: 'fields'},
		field('Booking reference', h('input', {
			name: 'booking_reference', required: true, minlength: '6', maxlength: '6', autocomplete: 'off', spellcheck: 'false',
			autocapitalize: 'characters', value: reference,
		}), {size: 'half', help: 'Six letters and digits.'}),
		field('Last name', h('input', {name: 'last_name', required: true, maxlength: '200', autocomplete: 'family-name'}),
			{size: 'half', help: 'Of one of the passengers.'})),
	h('div', {class: 'actions'}, h('button', {class: 'button main'}, 'Find booking')));
}

// The way back to a booking: its reference, and the last name of a passenger.
export async function retrieveView(reference = '') {
	return {
		title: 'My booking',
		nodes: [
			h('h1', {tabindex: '-1'}, 'My booking'),
			h('p', {class: 'lead'}, 'See, pay or cancel a booking that you have made.'),
			retrieveForm(reference),
		],
	};
}

function headNode(booking) {
	return h('div', {class: 'card booking-head'},
		h('div', null, h('p', {class: 'muted reference-label', id: 'reference-label'}, 'Booking reference'),
			h('p', {class: 'reference-code', 'aria-labelledby': 'reference-label'}, booking.booking_reference)),
		h('p', {class: `badge ${booking.status}`}, words(booking.status)));
}

const ITEM_COLUMNS = ['Passenger', 'Flight', 'Departure', 'Seat', 'Status', 'Price'];

// The labels are for narrow screens, where each cell is a line of its own.
function itemRow(booking, item) {
	const values = [item.passenger_name, `${item.flight_number} ${item.origin}–${item.destination}`,
		`${mediumDate(item.scheduled_departure_local)}, ${clock(item.scheduled_departure_local)}`,
		`${item.seat_number ?? '–'} · ${cabinName(item.cabin_class)}`, words(item.status), money(item.price, booking.currency)];
	return h('tr', null, values.map((value, i) => h(i === 0 ? 'th' : 'td', {
		scope: i === 0 ? 'row' : null, class: i === values.length - 1 ? 'number' : null, 'data-label': ITEM_COLUMNS[i],
	}, value)));
}

function itemsNode(booking) {
	return h('div', {class: 'card'}, h('h2', null, 'Passengers and seats'),
		h('table', {class: 'stack'},
			h('thead', null, h('tr', null, ITEM_COLUMNS.map((text) =>
				h('th', {scope: 'col', class: text === 'Price' ? 'number' : null}, text)))),
			h('tbody', null, booking.items.map((item) => itemRow(booking, item)))));
}

// What has become of the flights, where they are not as planned, and what may not be meant. Without an answer the booking is shown all the same.
async function disruptionsNode(booking) {
	const live = booking.items.filter((item) => !['cancelled', 'expired', 'flown', 'no_show'].includes(item.status));
	const ids = [...new Set(live.map((item) => item.flight_id))];
	const flights = await Promise.all(ids.map((id) => get(`/v1/flights/${id}`).catch(() => null)));
	return [
		...flights.filter((flight) => flight && disruption(flight)).map((flight) =>
			`${flight.flight_number} ${flight.origin}–${flight.destination}: ${disruption(flight)}`),
		...booking.warnings.map((warning) => warning.detail),
	].map((text) => h('p', {class: 'notice warn'}, text));
}

function factsNode(booking) {
	const facts = [['Change fees', /[1-9]/.test(booking.fee_amount) && money(booking.fee_amount, booking.currency)], ['Total', money(booking.total_amount, booking.currency)], ['Paid', money(booking.paid_amount, booking.currency)],
		['Fare', words(booking.fare_code)], ['E-mail', booking.contact?.email ?? '–'], ['Booked', moment(booking.created_at)],
		['Confirmed', booking.confirmed_at && moment(booking.confirmed_at)],
		['Cancelled', booking.cancelled_at && moment(booking.cancelled_at)],
		['Expired', booking.expired_at && moment(booking.expired_at)]];
	const payments = booking.payments.map((payment) => [
		payment.amount.startsWith('-') ? 'Refund' : 'Payment',
		`${money(payment.amount, payment.currency)}, ${words(payment.method).toLowerCase()}, ${moment(payment.created_at)}`]);
	return h('div', {class: 'card aside'}, h('h2', null, 'Payment and details'),
		h('dl', {class: 'facts'}, [...facts, ...payments].filter(([, value]) => value)
			.map(([name, value]) => [h('dt', null, name), h('dd', null, value)])));
}

// Says how long the hold lasts; warns once, aloud, a minute before its end. Then the booking is read again, by the server's clock.
function deadlineNode(booking, refresh) {
	const end = new Date(booking.payment_required_by).getTime();
	const text = h('span');
	let warned = false;
	const tick = () => {
		const left = Math.floor((end - serverNow()) / 1000);
		text.textContent = left > 0
			? `${Math.floor(left / 60)} min ${String(left % 60).padStart(2, '0')} s left.`
			: 'This time has passed: the seats are free for others again.';
		if (left <= 60 && left > 0 && !warned) {
			warned = true;
			announce('Less than a minute left to pay for your seats');
		}
		if (left <= 0) {
			stopCountdown();
			document.querySelectorAll('#view .actions button').forEach((button) => { button.disabled = true; });
			countdown = setTimeout(async () => refresh(await get(`/v1/bookings/${booking.booking_id}`)), LAPSE_PAUSE);
		}
	};
	stopCountdown();
	countdown = setInterval(tick, 1000);
	text.textContent = '';
	setTimeout(tick);
	return h('p', {class: 'notice warn'}, `Pay by ${moment(booking.payment_required_by)} to keep the seats. `, text);
}

// Takes an intent to the provider, who is simulated: no card is asked for. Returns the booking as it is then.
export async function pay(booking) {
	const intent = await post(`/v1/bookings/${booking.booking_id}/payment_intents`);
	const settled = await post('/v1/simulated_payments', {intent_id: intent.intent_id, type: 'succeeded'});
	if (settled.status !== 'succeeded') {
		throw new ApiError({title: 'The payment was returned', detail: settled.reason ?? 'It did not succeed.'});
	}
	return get(`/v1/bookings/${booking.booking_id}`);
}

function payButton(booking, refresh) {
	return h('button', {
		type: 'button', class: 'button main',
		onclick: (event) => busyWhile(event.target, async () => refresh(await pay(booking), 'Thank you: your booking is confirmed.')),
	}, `Pay ${money(booking.total_amount, booking.currency)}`);
}

// Asks for a quote, then for a decision.
function cancelButton(booking, place, refresh) {
	const ask = async () => {
		const quote = await post(`/v1/bookings/${booking.booking_id}/cancellations`, {});
		const node = quoteNode(quote, booking, place, refresh);
		place.replaceChildren(node);
		place.nextSibling.hidden = true;
		node.querySelector('h2').focus();
	};
	return h('button', {type: 'button', class: 'button danger', onclick: (event) => busyWhile(event.target, ask)}, 'Cancel booking');
}

function closeQuote(place) {
	place.replaceChildren();
	place.nextSibling.hidden = false;
	place.nextSibling.querySelector('button').focus();
}

function quoteNode(quote, booking, place, refresh) {
	const confirm = async () => {
		await post(`/v1/cancellations/${quote.cancellation_id}/actions/confirm`);
		refresh(await get(`/v1/bookings/${booking.booking_id}`), 'The booking is cancelled.');
	};
	return h('div', {class: 'card'},
		h('h2', {tabindex: '-1'}, 'Cancel this booking?'),
		h('dl', {class: 'facts'},
			h('dt', null, 'You get back'), h('dd', null, h('strong', null, money(quote.refund_amount, quote.currency))),
			h('dt', null, 'Cancellation fee'), h('dd', null, money(quote.penalty_amount, quote.currency)),
			quote.expires_at && [h('dt', null, 'This offer ends'), h('dd', null, moment(quote.expires_at))]),
		h('div', {class: 'actions'},
			h('button', {type: 'button', class: 'button danger', onclick: (event) => busyWhile(event.target, confirm)},
				/[1-9]/.test(quote.refund_amount) ? 'Yes, cancel and refund' : 'Yes, cancel'),
			h('button', {type: 'button', class: 'button', onclick: () => closeQuote(place)}, 'Keep the booking')));
}

function actionsNode(booking, refresh) {
	const place = h('div', {class: 'quote'});
	const actions = booking.available_actions;
	return h('div', null, place, h('div', {class: 'actions'},
		actions.includes('pay') && payButton(booking, refresh),
		actions.includes('cancel') && cancelButton(booking, place, refresh)));
}

// The booking that was just made or found; of any other only the form to find it.
export async function bookingView(reference) {
	await shown.restore(reference);
	const booking = shown.booking;
	if (booking?.booking_reference !== reference) {
		return retrieveView(reference);
	}
	const message = shown.message;
	shown.message = null;
	const refresh = (changed, text) => {
		shown.set(changed, text);
		window.dispatchEvent(new HashChangeEvent('hashchange'));
	};
	if (message) {
		announce(`${message} Booking reference ${booking.booking_reference.split('').join(' ')}`);
	}
	return {
		title: `Booking ${booking.booking_reference}`,
		step: message ? 4 : null,
		nodes: [
			h('h1', {tabindex: '-1'}, message ?? 'Your booking'),
			h('p', {class: 'lead'}, 'Keep the reference: with it and your last name you find the booking again.'),
			headNode(booking),
			h('div', {class: 'space'}),
			booking.status === 'held' && deadlineNode(booking, refresh),
			await disruptionsNode(booking),
			h('div', {class: 'columns'}, h('div', null, itemsNode(booking), actionsNode(booking, refresh)), factsNode(booking)),
		],
	};
}
