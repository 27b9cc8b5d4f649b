/** The element `<jsdl-download>`, and all of the module. */
export * from "./jsdl.js";
export { JsdlDownload } from "./ui/element.js";
