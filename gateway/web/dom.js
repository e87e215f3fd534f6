// Builds elements. Text always goes in as text: nothing here, or anywhere on the page, parses data as HTML.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === null || value === undefined || value === false) {
			continue;
		}
		if (name.startsWith('on')) {
			node.addEventListener(name.slice(2), value);
		} else {
			node.setAttribute(name, value === true ? '' : value);
		}
	}
	node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
	return node;
}

// h('p', {class: 'x'}, 'text', node, [more])
export function h(tag, attributes, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

// The same for a drawing.
export function svg(tag, attributes, ...children) {
	return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function byId(id) {
	return document.getElementById(id);
}

// A labelled control; help is tied to it.
export function field(label, control, {size = '', help = null} = {}) {
	const id = control.id || `f-${control.name}`;
	control.id = id;
	if (help) {
		control.setAttribute('aria-describedby', `${id}-help`);
	}
	return h('div', {class: `field ${size}`}, h('label', {for: id}, label), control,
		help && h('p', {class: 'help', id: `${id}-help`}, help));
}

// A list to choose from: options are pairs of value and text.
export function select(name, options, chosen) {
	return h('select', {name}, options.map(([value, text]) =>
		h('option', {value, selected: String(value) === String(chosen)}, text)));
}

// Says something to those who do not see the page change.
export function announce(text) {
	const status = byId('status');
	status.textContent = '';
	setTimeout(() => { status.textContent = text; }, 50);
}

// Takes the last error off the page.
export function clearProblem() {
	byId('problem').replaceChildren();
}

// Shows an error where everybody finds it; an ApiError brings its own words.
export function showProblem(error) {
	const problem = error.problem ?? {title: 'Something went wrong on this page', detail: String(error.message ?? error)};
	byId('problem').replaceChildren(h('div', {class: 'problem'},
		h('strong', null, problem.title),
		problem.detail && h('p', null, sentence(problem.detail)),
		problem.hint && h('p', null, sentence(problem.hint)),
		problem.instance && h('p', {class: 'reference'}, `Reference: ${problem.instance}`)));
	byId('problem').scrollIntoView({block: 'nearest'});
}

function sentence(text) {
	const first = text.charAt(0).toUpperCase() + text.slice(1);
	return /[.!?]$/.test(first) ? first : `${first}.`;
}

// Runs work while the button is off, and those beside it, so that nothing is sent twice and no two things at once.
export async function busyWhile(button, work) {
	const buttons = [...button.closest('.actions')?.querySelectorAll('button') ?? [button]].filter((one) => !one.disabled);
	buttons.forEach((one) => { one.disabled = true; });
	clearProblem();
	try {
		return await work();
	} catch (error) {
		showProblem(error);
		return undefined;
	} finally {
		buttons.forEach((one) => { one.disabled = false; });
	}
}
