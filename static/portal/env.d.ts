declare module 'element-plus/es/locale/lang/en';
declare module 'element-plus/es/locale/lang/zh-cn';
