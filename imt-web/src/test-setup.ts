// What every test begins with: nothing is left of the components of the one before.
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);
