// The address after # says which view is shown; each view returns its title and its nodes.

import {byId, clearProblem, h, showProblem} from './dom.js';
import {bookingView, retrieveView, stopCountdown} from './booking.js';
import {flightsView, searchView} from './search.js';
import {passengersView} from './passengers.js';
import {reportsView} from './reports.js';
import {seatsView} from './seats.js';

const ROUTES = [
	{pattern: /^\/$/, nav: 'book', view: () => searchView()},
	{pattern: /^\/flights$/, nav: 'book', view: (_, query) => flightsView(query)},
	{pattern: /^\/flights\/(\d+)\/seats$/, nav: 'book', view: ([id], query) => seatsView(id, query)},
	{pattern: /^\/passengers$/, nav: 'book', view: () => passengersView()},
	{pattern: /^\/retrieve$/, nav: 'retrieve', view: () => retrieveView()},
	{pattern: /^\/booking\/([A-Z0-9]{6})$/, nav: 'retrieve', view: ([reference]) => bookingView(reference)},
	{pattern: /^\/reports$/, nav: 'reports', view: () => reportsView()},
	{pattern: /^\/reports\/([a-z-]+)$/, nav: 'reports', view: ([name]) => reportsView(name)},
];
const STEPS = ['Flight', 'Seats', 'Passengers', 'Done'];

let turn = 0;

function showSteps(step) {
	const list = byId('steps');
	list.hidden = !step;
	list.replaceChildren(...STEPS.map((name, i) => h('li', {
		class: i + 1 < step ? 'done' : null, 'aria-current': i + 1 === step ? 'step' : null,
	}, name)));
}

function showNav(name) {
	document.querySelectorAll('[data-nav]').forEach((link) => {
		if (link.dataset.nav === name) {
			link.setAttribute('aria-current', 'page');
		} else {
			link.removeAttribute('aria-current');
		}
	});
}

function show(view, first) {
	document.title = `${view.title} – Flight Booking`;
	showSteps(view.step);
	byId('view').replaceChildren(...view.nodes.flat().filter(Boolean));
	byId('view').removeAttribute('aria-busy');
	if (!first) {
		window.scrollTo(0, 0);
		byId('view').querySelector('h1')?.focus({preventScroll: true});
	}
	window.dispatchEvent(new Event('viewshown'));
}

// Shows what went wrong instead of the view, with a way out.
function failed(error) {
	show({
		title: 'Problem',
		nodes: [h('h1', {tabindex: '-1'}, 'This did not work'), h('p', {class: 'actions'},
			h('button', {type: 'button', class: 'button main', onclick: () => route()}, 'Try again'),
			h('a', {class: 'button', href: '#/'}, 'New search'))],
	});
	showProblem(error);
}

// Draws the view of the address. A slower, older answer never overwrites a newer view.
async function route(first = false) {
	const mine = ++turn;
	const [path, query = ''] = (location.hash.slice(1) || '/').split('?');
	const found = ROUTES.find((one) => one.pattern.test(path)) ?? ROUTES[0];
	const wait = setTimeout(() => mine === turn && byId('view').replaceChildren(h('p', {class: 'busy'}, 'One moment…')), 300);
	stopCountdown();
	clearProblem();
	showNav(found.nav);
	byId('view').setAttribute('aria-busy', 'true');
	try {
		const view = await found.view(found.pattern.exec(path)?.slice(1) ?? [], new URLSearchParams(query));
		clearTimeout(wait);
		if (mine === turn && view) {
			show(view, first);
		}
	} catch (error) {
		clearTimeout(wait);
		if (mine === turn) {
			failed(error);
		}
	}
}

window.addEventListener('hashchange', () => route());
route(true);
