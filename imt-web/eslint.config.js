// The rules that the sources keep. Formatting is Prettier's.
import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores(["dist", "src/api/schema.d.ts"]),
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text that others wrote is never markup." },
        { property: "outerHTML", message: "Text that others wrote is never markup." },
        { property: "insertAdjacentHTML", message: "Text that others wrote is never markup." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Text that others wrote is never markup.",
        },
      ],
      eqeqeq: "error",
    },
  },
  {
    files: ["**/*.tsx"],
    extends: [jsxA11y.flatConfigs.strict, reactHooks.configs.flat.recommended],
  },
  {
    files: ["scripts/**", "perf/**", "e2e/**", "*.js"],
    languageOptions: {
      globals: Object.fromEntries(
        ["process", "console", "URL", "performance", "fetch", "setTimeout"]
          // What is measured is measured within the page.
          .concat(["window", "document", "location", "requestAnimationFrame", "PerformanceObserver", "gc"])
          .map((name) => [name, "readonly"]),
      ),
    },
  },
);
