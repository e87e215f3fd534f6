// The REST API: JSON in, JSON out, an ApiError for every answer that is not a success.

export class ApiError extends Error {
	constructor(problem) {
		super(problem.title);
		this.problem = problem;
	}

	get code() {
		return this.problem.code;
	}
}

const ATTEMPTS = 3;
const PAUSE = 1000;
const UNREACHABLE = {
	code: 'unreachable',
	title: 'The service cannot be reached',
	detail: 'Check your connection and try again.',
	retryable: true,
};

function newKey() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// The document of a response, its text where it is none; a failure without one still becomes an ApiError with words.
async function answer(response) {
	const text = await response.text();
	if (response.ok && !response.headers.get('Content-Type')?.includes('json')) {
		return text;
	}
	let json = null;
	try {
		json = text === '' ? null : JSON.parse(text);
	} catch {
		// The title below says enough.
	}
	if (response.ok) {
		return json;
	}
	throw new ApiError(json?.title ? json : {
		code: 'unreadable', title: `The service answered ${response.status}`, detail: 'Try again in a moment.',
	});
}

let ahead = 0;

// The server's time, by its last answer to the second: deadlines are the server's, and this clock may be wrong.
export const serverNow = () => Date.now() - ahead;

// What shows who asks: the token of the booking on the page, or a key for the reports. The tab keeps it, and no other page gets it.
export const credential = {
	get: (what) => sessionStorage.getItem(`credential:${what}`),
	set: (what, text) => sessionStorage.setItem(`credential:${what}`, text),
	drop: (what) => sessionStorage.removeItem(`credential:${what}`),
};

// The credential that a request needs, by its path: most need none, and one that has ended would only be in their way.
function credentialOf(path) {
	if (/^\/v1\/((bookings|cancellations|changes|payments|payment_intents)\/|simulated_payments$)/.test(path)) {
		return credential.get('booking');
	}
	return /^\/v1\/reports/.test(path) ? credential.get('reports') : null;
}

// One attempt; a server that cannot be reached is an ApiError too.
async function send(method, path, body, given) {
	const shown = credentialOf(path);
	const headers = shown ? {...given, Authorization: `Bearer ${shown}`} : given;
	let response;
	try {
		response = await fetch(path, {
			method,
			headers: body === undefined ? headers : {...headers, 'Content-Type': 'application/json'},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	} catch {
		throw new ApiError(UNREACHABLE);
	}
	ahead = Date.now() - Date.parse(response.headers.get('Date'));
	const token = response.headers.get('Booking-Token');
	if (token) {
		credential.set('booking', token);
	}
	return answer(response);
}

// get('/v1/flights', {origin: 'LHR'}): parameters that are empty are left out.
export function get(path, parameters = {}) {
	const filled = Object.entries(parameters).filter(([, value]) => value !== '' && value !== null && value !== undefined);
	const query = new URLSearchParams(filled).toString();
	return send('GET', query ? `${path}?${query}` : path, undefined, {});
}

// Keys of requests whose answers were lost, by what was asked.
const unanswered = new Map();

// A request that may have been lost on the way is repeated under its key, so that it takes effect once: here, and when the button is
// pressed again.
export async function post(path, body) {
	const asked = JSON.stringify([path, body]);
	const headers = {'Idempotency-Key': unanswered.get(asked) ?? newKey()};
	unanswered.set(asked, headers['Idempotency-Key']);
	for (let attempt = 1; ; attempt++) {
		try {
			const answered = await send('POST', path, body, headers);
			unanswered.delete(asked);
			return answered;
		} catch (error) {
			if (!error.problem?.retryable) {
				unanswered.delete(asked);
			}
			if (!error.problem?.retryable || attempt === ATTEMPTS) {
				throw error;
			}
			await new Promise((resolve) => { setTimeout(resolve, attempt * PAUSE); });
		}
	}
}

let airportList = null;

// All airports, asked for once as long as the page lives.
export async function airports() {
	airportList ??= (await get('/v1/airports')).airports;
	return airportList;
}

// An airport by its code; one that is not known has its code for a name.
export async function airport(iata) {
	return (await airports()).find((one) => one.iata === iata) ?? {iata, city: iata, name: ''};
}
