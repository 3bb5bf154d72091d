// The text twin: htmx renews the tables and sends the commands; this only says what came of them.
import './commands.js';
