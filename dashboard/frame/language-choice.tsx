/** The choice of the dashboard's language, which is stored in this browser. */
import { chooseLanguage, LANGUAGES, type Language, language, words } from "../words.ts";

const NAMES = Object.keys(LANGUAGES) as Language[];

export const LanguageChoice = () => (
  <label class="menu-row">
    <span>{words.frame.language}</span>
    <select class="input" onChange={(event) => chooseLanguage(event.currentTarget.value as Language)}>
      {NAMES.map((name) => (
        <option key={name} value={name} lang={name} selected={name === language}>
          {LANGUAGES[name].called}
        </option>
      ))}
    </select>
  </label>
);
