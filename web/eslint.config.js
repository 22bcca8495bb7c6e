import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config({ ignores: ["dist", "node_modules"] }, js.configs.recommended, {
  files: ["**/*.{ts,tsx}"],
  extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
  plugins: { "react-hooks": reactHooks },
  languageOptions: {
    parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
  },
  rules: {
    ...reactHooks.configs.recommended.rules,
    "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    // JSX handlers may answer with a promise; a promise nobody awaits elsewhere is still an error.
    "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
  },
});
