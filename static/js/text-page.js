// The text twin: htmx renews the tables and sends the commands; this only says what came of them, and when nothing comes.
import './commands.js';
import { watchRenewal } from './renewal.js';

watchRenewal(document.getElementById('twin'), document.getElementById('was'), 2000);
