// The text twin: htmx renews the tables; this only lets its buttons command.
import { listen } from './commands.js';

const twin = document.getElementById('twin');
listen(twin.dataset.api, () => window.htmx.trigger(twin, 'refresh'));
