// The text twin: htmx renews the tables; this only lets its buttons command.
import { listen } from './commands.js';
import { watchRenewal } from './renewal.js';

const twin = document.getElementById('twin');
listen(twin.dataset.api, () => window.htmx.trigger(twin, 'refresh'));
watchRenewal(twin, document.getElementById('was'), 2000);
