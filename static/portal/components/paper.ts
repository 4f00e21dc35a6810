/** One paper on its way to the server: what is refused here, how it stands, and once more after a failure. */
import { ref, shallowRef, type Ref } from 'vue';
import { t } from '@/i18n';
import type { PaperDocument } from '@/types';

export const paper_bytes_max = 8 << 20;
export const paper_types: readonly string[] = ['image/jpeg', 'image/png', 'application/pdf'];

/** What the field needs from outside. */
export interface PaperPort {
  upload: (file: File) => Promise<PaperDocument>;
  /** A picture of it as data, '' for none. */
  preview: (file: File) => Promise<string>;
  words: (error: unknown) => string;
  given: (paper: PaperDocument | null) => void;
}

export interface Paper {
  busy: Ref<boolean>;
  failure: Ref<string>;
  preview: Ref<string>;
  /** The file that may be tried again; null after success or a refusal that trying again cannot help. */
  again: Ref<File | null>;
  take: (file: File | null | undefined) => Promise<void>;
  retry: () => Promise<void>;
  forget: () => void;
}

export function usePaper(port: PaperPort): Paper {
  const busy = ref(false);
  const failure = ref('');
  const preview = ref('');
  const again = shallowRef<File | null>(null);
  let turn = 0;

  function forget(): void {
    turn += 1; // an answer that is still under way belongs to nobody
    busy.value = false;
    preview.value = '';
    failure.value = '';
    again.value = null;
    port.given(null);
  }

  /** The server looks at the bytes; what the browser knows already needs no upload. */
  function refusal(file: File): string {
    if (file.size > paper_bytes_max) return t('document.too_large', { mib: paper_bytes_max >> 20 });
    if (file.size === 0) return t('document.empty');
    if (file.type && !paper_types.includes(file.type)) return t('document.wrong_type');
    return '';
  }

  async function take(file: File | null | undefined): Promise<void> {
    if (!file || busy.value) return;
    forget();
    failure.value = refusal(file);
    if (failure.value) return;
    const mine = turn;
    busy.value = true;
    try {
      const paper = await port.upload(file);
      const picture = paper.kind === 'pdf' ? '' : await port.preview(file);
      if (mine !== turn) return;
      preview.value = picture;
      port.given(paper);
    } catch (error) {
      if (mine !== turn) return;
      failure.value = port.words(error);
      again.value = file;
    } finally {
      if (mine === turn) busy.value = false;
    }
  }

  return { busy, failure, preview, again, take, retry: () => take(again.value), forget };
}
