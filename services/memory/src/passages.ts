// A long text as passages that end where sentences do and begin with the sentence before, so that what two sentences say together stands
// in one of them. Pure, and the same for ever: the passages of a text that is read again must be those that are stored.

export interface PassageLimits {
  /** Characters of a passage. */
  readonly most: number;
  /** A last sentence of at most so many characters is said again by the next passage. */
  readonly overlap: number;
}

/** Behind the white space that follows the end of a sentence, and behind every line. */
const BOUNDARY = /(?<=[.!?…]["'”’)\]]?\s)(?=\S)|(?<=[。！？\n])/u;

/** In order; none is longer than `most`, and nothing of the text is missing. Of a short text, itself. */
export function passages(text: string, { most, overlap }: PassageLimits): string[] {
  if (text.length <= most) return [text];
  const found: string[] = [];
  let passage = '';
  let last = '';
  for (const sentence of text.split(BOUNDARY).flatMap((part) => portions(part, most))) {
    if (passage.length + sentence.length > most) {
      found.push(passage);
      passage = last.length <= overlap && last.length + sentence.length <= most ? last : '';
    }
    passage += sentence;
    last = sentence;
  }
  found.push(passage);
  return found.filter((one) => one.trim() !== '');
}

/** What has no boundary for too long is cut between words if there are any, never through a character. */
function portions(text: string, most: number): string[] {
  const found: string[] = [];
  let rest = text;
  while (rest.length > most) {
    const space = rest.lastIndexOf(' ', most - 1);
    const end = space > 0 ? space + 1 : splitsCharacter(rest, most) ? most - 1 : most;
    found.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...found, rest];
}

const splitsCharacter = (text: string, at: number): boolean => (text.codePointAt(at - 1) ?? 0) > 0xffff;
