/** A description: plain text with `code` in it. */
export const Prose = ({ text, className }: { text: string; className?: string }) => (
  <p class={className}>
    {text.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
  </p>
);
