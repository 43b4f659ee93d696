import { writeFileSync } from 'node:fs';
import { generatedPages, pageFile, renderPage } from './reference-pages.js';

// `npm run docs`: renews the generated parts of the reference pages.
for (const page of generatedPages) writeFileSync(pageFile(page), await renderPage(page));
