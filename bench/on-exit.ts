import { Undo } from '../faults/undo.js';

/** Ends whatever a benchmark has started, should it break off or somebody press Ctrl-C. */
export const onExit = new Undo();
