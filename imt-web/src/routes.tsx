// Which page is at which address. Each page is a bundle of its own.
import { createBrowserRouter } from "react-router";

export const router = createBrowserRouter([{ path: "*", element: null }]);
