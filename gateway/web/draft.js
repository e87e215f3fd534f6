// The booking being made: it lives as long as the page and is sent to nobody before the last step.

export const draft = {
	flight: null,
	cabin: null,
	seats: [],

	start(flight, cabin, seats) {
		Object.assign(this, {flight, cabin, seats: [...seats]});
	},

	clear() {
		Object.assign(this, {flight: null, cabin: null, seats: []});
	},
};
