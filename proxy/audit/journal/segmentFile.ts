/** One segment that is being written: whole lines or nothing, also when the disk is full. */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { segmentPath, syncFolder } from './segmentFiles.ts';

/** The calls that can fail when a disk does: named, so that tests can let them fail. */
export interface JournalDisk {
  /** pwrite(2): answers how many bytes were taken. */
  write(fd: number, bytes: Buffer, from: number, length: number, position: number): number;
  /** fdatasync(2) on a thread of the pool. */
  sync(fd: number): Promise<void>;
  /** fdatasync(2), waiting. */
  syncNow(fd: number): void;
  /** ftruncate(2) */
  truncate(fd: number, length: number): void;
}

export const realDisk: JournalDisk = {
  write: (fd, bytes, from, length, position) => writeSync(fd, bytes, from, length, position),
  sync: (fd) =>
    new Promise((resolve, reject) => {
      fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
    }),
  syncNow: (fd) => fdatasyncSync(fd),
  truncate: (fd, length) => ftruncateSync(fd, length),
};

export class SegmentFile {
  /** Size in bytes, all of it whole lines. */
  size: number;
  /** How much of it is known to be on disk. */
  syncedSize: number;
  private hasPartialLine = false;
  private isClosed = false;

  private constructor(
    readonly number: number,
    private readonly fd: number,
    private readonly disk: JournalDisk,
    size: number,
  ) {
    this.size = size;
    this.syncedSize = size;
  }

  /** Opens a segment that recovery has left at `size` bytes. */
  static open(folder: string, number: number, size: number, disk: JournalDisk): SegmentFile {
    const segment = new SegmentFile(number, openSync(segmentPath(folder, number), 'r+'), disk, size);
    try {
      // A killed process may have left lines that only the kernel has; nobody keeps those to write them again.
      segment.syncNow();
      return segment;
    } catch (error) {
      segment.close();
      throw error;
    }
  }

  /** Makes the file of a new segment; its name is durable on return. */
  static create(folder: string, number: number, disk: JournalDisk): SegmentFile {
    const path = segmentPath(folder, number);
    const segment = new SegmentFile(number, openSync(path, 'wx+', 0o600), disk, 0);
    try {
      syncFolder(folder);
      return segment;
    } catch (error) {
      segment.close();
      rmSync(path, { force: true });
      throw error;
    }
  }

  /** Makes a new segment that already holds `lines`: it gets its name, replacing what has it, once that is on disk. */
  static async createWith(
    folder: string,
    number: number,
    lines: Buffer,
    disk: JournalDisk,
  ): Promise<SegmentFile> {
    const path = segmentPath(folder, number);
    const fd = openSync(`${path}.new`, 'w+', 0o600);
    const segment = new SegmentFile(number, fd, disk, 0);
    try {
      segment.append(lines, 0, lines.length);
      await segment.sync();
      renameSync(`${path}.new`, path);
      syncFolder(folder);
      return segment;
    } catch (error) {
      segment.close();
      rmSync(`${path}.new`, { force: true });
      throw error;
    }
  }

  /** Hands whole lines to the kernel in one write. Where that fails, none of them is in the file. @throws the system's error */
  append(bytes: Buffer, from: number, length: number): void {
    if (this.hasPartialLine) this.cutPartialLine();
    let written = 0;
    try {
      // A short write is legal (write(2)); the rest follows, or says why it cannot.
      while (written < length) {
        const taken = this.disk.write(this.fd, bytes, from + written, length - written, this.size + written);
        if (taken === 0) throw new Error('the disk takes no more');
        written += taken;
      }
    } catch (error) {
      this.hasPartialLine = true;
      this.tryCutPartialLine();
      throw error;
    }
    this.size += length;
  }

  /** Brings everything appended so far to the disk. @throws the system's error, or that the file was removed */
  async sync(): Promise<void> {
    const size = this.size;
    await this.disk.sync(this.fd);
    if (fstatSync(this.fd).nlink === 0) throw new Error('the file of the segment was removed');
    this.syncedSize = size;
  }

  /** The same, at once. */
  syncNow(): void {
    this.disk.syncNow(this.fd);
    this.syncedSize = this.size;
  }

  /** Cuts off what is not known to be on disk; the caller has written it elsewhere. */
  dropUnsynced(): void {
    this.disk.truncate(this.fd, this.syncedSize);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    closeSync(this.fd);
  }

  private cutPartialLine(): void {
    this.disk.truncate(this.fd, this.size);
    this.hasPartialLine = false;
  }

  private tryCutPartialLine(): void {
    try {
      this.cutPartialLine();
    } catch {
      // Tried again before the next write; until then recovery would cut it.
    }
  }
}
