import type { KeyboardEvent, ReactNode } from 'react';

interface Props {
  /** Name of the content, for screen readers. */
  readonly label: string;
  readonly className?: string;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly children: ReactNode;
}

/** A box that scrolls by itself, which the keyboard can reach, so that the page around it does not scroll sideways. */
export function Scroll({ label, className = 'scroll', onKeyDown, children }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard could not scroll the box
    <div className={className} role="group" aria-label={label} tabIndex={0} onKeyDown={onKeyDown}>
      {children}
    </div>
  );
}
