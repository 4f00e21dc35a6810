import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '@shared/api';
import { localeSet } from '@shared/i18n';
import en from '../portal/locales/en.json';
import { errorText } from '../portal/api';
import { paper_bytes_max, usePaper, type Paper } from '../portal/components/paper';
import type { PaperDocument } from '../portal/types';

const file = (size: number, type = 'application/pdf', name = 'bill.pdf'): File => ({ size, type, name }) as File;
const stored = (kind: PaperDocument['kind'] = 'pdf'): PaperDocument => ({
  id: 7,
  sha256: 'ab'.repeat(32),
  kind,
  bytes_total: 9,
  file_name: 'bill.pdf',
  uploaded_by_name: 'finance',
  created_at: '2026-11-22T08:32:05.000Z',
});

describe('the field for a paper', () => {
  const given: (PaperDocument | null)[] = [];
  const upload = vi.fn<(file: File) => Promise<PaperDocument>>();
  const preview = vi.fn<(file: File) => Promise<string>>();
  let paper: Paper;

  beforeEach(() => {
    localeSet('en', en);
    given.length = 0;
    upload.mockReset().mockResolvedValue(stored());
    preview.mockReset().mockResolvedValue('data:image/png;base64,AA');
    paper = usePaper({ upload, preview, words: errorText, given: (one) => given.push(one) });
  });

  it('gives what the server stored', async () => {
    await paper.take(file(9));
    expect(given).toEqual([null, stored()]);
    expect([paper.busy.value, paper.failure.value, paper.preview.value, paper.again.value]).toEqual([
      false,
      '',
      '',
      null,
    ]);
  });
  it('shows a photo', async () => {
    upload.mockResolvedValue(stored('png'));
    await paper.take(file(9, 'image/png'));
    expect(paper.preview.value).toContain('data:image/png');
  });
  it('refuses a file that is too large without sending it, and takes one that is just as large', async () => {
    await paper.take(file(paper_bytes_max + 1));
    expect(paper.failure.value).toBe('The file is larger than 8 MiB');
    expect(paper.again.value).toBeNull();
    expect(upload).not.toHaveBeenCalled();
    await paper.take(file(paper_bytes_max));
    expect(upload).toHaveBeenCalledTimes(1);
    expect(paper.failure.value).toBe('');
  });
  it('refuses an empty file and another type', async () => {
    await paper.take(file(0));
    expect(paper.failure.value).toBe('The file is empty');
    await paper.take(file(9, 'text/html', 'x.pdf'));
    expect(paper.failure.value).toContain('JPEG');
    expect(upload).not.toHaveBeenCalled();
  });
  it('lets the server judge a file whose type the browser does not know', async () => {
    upload.mockRejectedValue(new ApiError({ code: 'invalid_field', field: 'document', detail: 'no' }, 400));
    await paper.take(file(9, ''));
    expect(upload).toHaveBeenCalledTimes(1);
    expect(paper.failure.value).not.toBe('');
    expect(given).toEqual([null]);
  });
  it('says that it is under way, and takes no second file meanwhile', async () => {
    let answer: (one: PaperDocument) => void = () => undefined;
    upload.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    const under_way = paper.take(file(9));
    expect(paper.busy.value).toBe(true);
    await paper.take(file(10));
    expect(upload).toHaveBeenCalledTimes(1);
    answer(stored());
    await under_way;
    expect(paper.busy.value).toBe(false);
  });
  it('keeps the file after a failure and tries it again', async () => {
    upload.mockRejectedValueOnce(new ApiError({ code: 'network' }, 0));
    const one = file(9);
    await paper.take(one);
    expect(paper.failure.value).not.toBe('');
    expect(paper.again.value).toBe(one);
    await paper.retry();
    expect(upload).toHaveBeenLastCalledWith(one);
    expect([paper.failure.value, paper.again.value]).toEqual(['', null]);
    expect(given.at(-1)).toEqual(stored());
  });
  it('forgets an answer that comes after it was removed', async () => {
    let answer: (one: PaperDocument) => void = () => undefined;
    upload.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    const under_way = paper.take(file(9));
    paper.forget();
    answer(stored());
    await under_way;
    expect(given).toEqual([null, null]);
    expect(paper.busy.value).toBe(false);
  });
});
