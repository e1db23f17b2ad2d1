import spinner from 'yocto-spinner';

/** One line that tells how far the work is. */
export interface ProgressLine {
  /** `percent` is of the work that the text speaks of. */
  show(text: string, percent: number): void;
  /** Leaves the text as the last word. */
  end(text: string): void;
  clear(): void;
}

/** Drawn over itself on a terminal; elsewhere a plain line for every quarter of the way. */
export function openProgressLine(): ProgressLine {
  const interactive = process.stdout.isTTY && process.env.TERM !== 'dumb' && !process.env.CI;
  return interactive ? terminalLine() : plainLines();
}

function terminalLine(): ProgressLine {
  // The demo has its own way to stop; the library's would exit before the service is stopped.
  const line = spinner({ stream: process.stdout, handleSignals: false }).start();
  return {
    show(text) {
      line.text = text;
    },
    end: (text) => void line.success(text),
    clear: () => void line.stop(),
  };
}

function plainLines(): ProgressLine {
  let nextPercent = 0;
  return {
    show(text, percent) {
      if (percent < nextPercent) return;
      console.log(text);
      nextPercent = Math.floor(percent / 25) * 25 + 25;
    },
    end: (text) => console.log(text),
    clear: () => {},
  };
}
