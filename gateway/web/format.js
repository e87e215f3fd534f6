// How things are written for people. A local time is a wall clock: it is never moved to the reader's zone.

const CABINS = {
	first: 'First', business: 'Business', premium_economy: 'Premium economy', economy: 'Economy',
};

export const cabinName = (code) => CABINS[code] ?? words(code);

export const words = (code) => {
	const text = String(code).replace(/[_-]+/g, ' ');
	return text.charAt(0).toUpperCase() + text.slice(1);
};

export const clock = (local) => local.slice(11, 16);

const day = (local, options) => new Intl.DateTimeFormat('en-GB', {...options, timeZone: 'UTC'})
	.format(new Date(`${local.slice(0, 10)}T00:00:00Z`));

export const longDate = (local) => day(local, {weekday: 'long', day: 'numeric', month: 'long', year: 'numeric'});

export const mediumDate = (local) => day(local, {day: 'numeric', month: 'short', year: 'numeric'});

export const shortDate = (local) => day(local, {weekday: 'short', day: 'numeric', month: 'short'});

export const moveDate = (date, days) => {
	const moved = new Date(`${date}T00:00:00Z`);
	moved.setUTCDate(moved.getUTCDate() + days);
	return moved.toISOString().slice(0, 10);
};

export const today = () => {
	const now = new Date();
	return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
};

// An instant, in the reader's own zone.
export const moment = (utc) => new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium', timeStyle: 'short'})
	.format(new Date(utc));

export const duration = (minutes) => `${Math.floor(minutes / 60)}\u00a0h\u00a0${String(minutes % 60).padStart(2, '0')}\u00a0min`;

// Whether a flight is late or does not go, in words; null when it is as planned.
export const disruption = (flight) => ({
	cancelled: 'Cancelled',
	delayed: flight.estimated_departure ? `Delayed: leaves ${moment(flight.estimated_departure)}` : 'Delayed',
}[flight.status] ?? null);

// "1234.50", "EUR" -> "1,234.50 EUR". The text is cut, not calculated: money never becomes a float.
export const money = (amount, currency) => {
	const [whole, cents] = String(amount).split('.');
	const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
	return `${grouped}${cents ? `.${cents}` : ''}${currency ? ` ${currency}` : ''}`;
};

// Adds decimal strings in hundredths, exactly.
export const addMoney = (amounts) => {
	const sum = amounts.reduce((total, amount) => total + hundredths(amount), 0n);
	const sign = sum < 0n ? '-' : '';
	const digits = String(sum < 0n ? -sum : sum).padStart(3, '0');
	return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

const hundredths = (amount) => {
	const [whole, cents = ''] = String(amount).split('.');
	return BigInt(`${whole}${cents.padEnd(2, '0').slice(0, 2)}`);
};

export const offsetText = (days) => (days === 0 ? '' : `${days > 0 ? '+' : '−'}${Math.abs(days)}`);

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
