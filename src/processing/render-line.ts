import { MediaError } from "../errors.ts";

/** Images for URLs that a container makes at once: beside them there is always room for the slot's tasks. */
const MAX_RENDERS = 2;
/** More than these wait for nothing: they are told to come again. */
const MAX_WAITING = 16;
/** The same of those that nobody waits for. */
const MAX_PATIENT = 500;

/**
 * The line in which images for URLs wait for a slot's container. What somebody waits for is made in the order in which it
 * was asked for; what nobody waits for, whenever nothing else is, so that there is always room beside it.
 */
export interface RenderLine {
  /**
   * Resolves when it is the caller's turn, who then calls {@link passTurn} in every case.
   *
   * @param objectKey what is to be made
   * @throws MediaError `derivative_pending` when the line is too long
   */
  takeTurn(objectKey: string, isPatient: boolean): Promise<void>;
  passTurn(): void;
  /** Somebody waits for it now; nothing happens when it has no patience, or its turn has come. */
  hurry(objectKey: string): void;
}

export function createRenderLine(): RenderLine {
  const waiting: (() => void)[] = [];
  /** One thing may be in it twice: whoever ordered it may have been started anew, and forgot that it had. */
  const patient: { objectKey: string; go: () => void }[] = [];
  let running = 0;

  /** Whoever has the right to go next; a turn that is passed on is not counted anew. */
  function next(): (() => void) | undefined {
    const asker = waiting.shift();
    return asker || running > 1 ? asker : patient.shift()?.go;
  }

  function wait(line: { size: number; most: number }, join: (go: () => void) => void): Promise<void> {
    if (line.size < line.most) return new Promise(join);
    throw new MediaError("derivative_pending", "Many images are being made right now.");
  }

  return {
    async takeTurn(objectKey, isPatient) {
      if (running < (isPatient ? 1 : MAX_RENDERS)) {
        running++;
        return;
      }
      if (isPatient) {
        const line = { size: patient.length, most: MAX_PATIENT };
        await wait(line, (go) => patient.push({ objectKey, go }));
      } else await wait({ size: waiting.length, most: MAX_WAITING }, (go) => waiting.push(go));
    },
    passTurn() {
      const go = next();
      if (go) go();
      else running--;
    },
    hurry(objectKey) {
      const at = patient.findIndex((order) => order.objectKey === objectKey);
      const [found] = at < 0 ? [] : patient.splice(at, 1);
      if (!found) return;
      const { go } = found;
      if (running < MAX_RENDERS) {
        running++;
        go();
      } else waiting.push(go);
    },
  };
}
