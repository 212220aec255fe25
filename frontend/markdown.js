// What the playground needs of marked: Markdown into tokens, from which its script builds elements. No HTML is made.
import { Marked } from "marked";

const marked = new Marked({ gfm: true });
window.litemaasMarkdown = (text) => marked.lexer(text);
