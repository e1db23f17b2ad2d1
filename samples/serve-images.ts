import { CATALOGUE_CSV, CATALOGUE_PORT } from './catalogue.js';
import { startImageServer } from './image-server.js';

const { url } = await startImageServer(CATALOGUE_PORT);
console.log(`The images of ${CATALOGUE_CSV} are served at ${url}/images/ (Ctrl-C ends it)`);
